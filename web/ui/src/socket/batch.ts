/** Gathers what is heard until the next frame: of prices the newest, of candles and statuses all in order. */

import { createAction } from "@reduxjs/toolkit";
import type { Event, StatusOf } from "./following";
import type { CandleData, Failure, QuoteData } from "./messages";

export interface CandlePush {
  channel: string;
  data: CandleData;
}

export interface Batch {
  quotes: QuoteData[];
  candles: CandlePush[];
  statuses: StatusOf[];
  told: { channel: string; data: Record<string, unknown> }[];
  refused: { channel: string; error: Failure }[];
  holes: string[];
  notices: string[];
}

/** What was heard since the last frame; the only way from the socket into the store. */
export const received = createAction<Batch>("socket/received");

/** A page in the background draws no frames; it still must not gather without end. */
const HIDDEN_MS = 1_000;

export class Gathering {
  private quotes = new Map<string, QuoteData>();
  private candles: CandlePush[] = [];
  private forming = new Map<string, number>();
  private rest = emptyRest();
  private isDue = false;

  constructor(
    private readonly tell: (batch: Batch) => void,
    private readonly schedule: (flush: () => void) => void = nextFrame,
  ) {}

  add(events: readonly Event[]): void {
    for (const event of events) {
      this.take(event);
    }
    if (!this.isDue && events.length > 0) {
      this.isDue = true;
      this.schedule(() => this.flush());
    }
  }

  private take(event: Event): void {
    switch (event.kind) {
      case "quote":
        this.quotes.set(event.data.instrument, event.data);
        break;
      case "candle":
        this.addCandle({ channel: event.channel, data: event.data });
        break;
      case "status":
        this.rest.statuses.push(event.data);
        break;
      case "told":
        this.rest.told.push(event);
        break;
      case "refused":
        this.rest.refused.push(event);
        break;
      case "hole":
        this.rest.holes.push(event.why);
        break;
      case "notice":
        this.rest.notices.push(event.text);
        break;
    }
  }

  /** A forming candle takes the place of its older self; what is final stays in order. */
  private addCandle(push: CandlePush): void {
    const key = `${push.channel} ${push.data.time}`;
    const place = this.forming.get(key);
    if (place !== undefined) {
      this.candles[place] = push;
    } else {
      this.candles.push(push);
    }
    if (push.data.state !== "forming") {
      this.forming.delete(key);
    } else if (place === undefined) {
      this.forming.set(key, this.candles.length - 1);
    }
  }

  private flush(): void {
    const batch: Batch = { quotes: [...this.quotes.values()], candles: this.candles, ...this.rest };
    this.quotes = new Map();
    this.candles = [];
    this.forming = new Map();
    this.rest = emptyRest();
    this.isDue = false;
    this.tell(batch);
  }
}

function emptyRest(): Omit<Batch, "quotes" | "candles"> {
  return { statuses: [], told: [], refused: [], holes: [], notices: [] };
}

/** Whichever comes first: a page may be hidden while it waits for its frame. */
function nextFrame(flush: () => void): void {
  const frame = requestAnimationFrame(() => {
    clearTimeout(timer);
    flush();
  });
  const timer = setTimeout(() => {
    cancelAnimationFrame(frame);
    flush();
  }, HIDDEN_MS);
}

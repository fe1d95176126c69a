/** What we follow and where we stand: messages in, events out. No socket, no clock, no store. */

import type {
  CandleData,
  Failure,
  Incoming,
  Outcome,
  Outgoing,
  Position,
  Problem,
  QuoteData,
  StatusData,
  StatusTold,
} from "./messages";

/** A status and what it is of: an instrument, a feed, or all when it names neither. */
export type StatusOf = StatusTold & { instrument: string | null; feed: string | null };

export type Event =
  | { kind: "quote"; data: QuoteData }
  | { kind: "candle"; channel: string; data: CandleData }
  | { kind: "status"; data: StatusOf }
  | { kind: "told"; channel: string; data: Record<string, unknown> }
  | { kind: "refused"; channel: string; error: Failure }
  /** What came between can not be had: read history again. */
  | { kind: "hole"; why: string }
  | { kind: "notice"; text: string };

const FOLLOW = 1;
const WHERE = 2;
const LEAVE = 3;
export const AUTH = 4;
/** Candles of each channel whose newest revision is known; what comes again is of the last seconds. */
const REMEMBERED = 500;
export const MOST_CHANNELS = 1000;

export class Following {
  private readonly followers = new Map<string, number>();
  /** What this connection was asked for. */
  private asked = new Set<string>();
  private readonly told = new Map<string, Map<number, number>>();
  private position: Position | null = null;

  get channels(): string[] {
    return [...this.followers.keys()];
  }

  /** Counts us in. */
  follow(channels: readonly string[]): void {
    for (const channel of channels) {
      this.followers.set(channel, (this.followers.get(channel) ?? 0) + 1);
    }
  }

  /** Counts us out. */
  leave(channels: readonly string[]): void {
    for (const channel of channels) {
      const count = (this.followers.get(channel) ?? 0) - 1;
      if (count > 0) {
        this.followers.set(channel, count);
      } else {
        this.followers.delete(channel);
      }
    }
  }

  /** The messages that leave what nobody follows any more, and ask for what nobody followed before. */
  changes(): Outgoing[] {
    const over = [...this.asked].filter((channel) => !this.followers.has(channel));
    const fresh = this.channels.filter((channel) => !this.asked.has(channel));
    this.asked = new Set(this.followers.keys());
    for (const channel of over) {
      this.told.delete(channel);
    }
    const wishes = [
      { id: LEAVE, action: "unsubscribe" as const, channels: over },
      { id: FOLLOW, action: "subscribe" as const, channels: fresh },
    ];
    return wishes.filter(({ channels }) => channels.length > 0);
  }

  /** The message that begins a connection: all of it, from where we stood. */
  begin(): Outgoing {
    this.asked = new Set(this.followers.keys());
    const wish: Outgoing = { id: FOLLOW, action: "subscribe", channels: this.channels };
    return this.position === null ? wish : { ...wish, since: this.position };
  }

  /** Asks where the stream is: who hears nothing for long would stand too far back to go on. */
  question(): Outgoing {
    return { id: WHERE, action: "subscribe", channels: [] };
  }

  receive(message: Incoming): Event[] {
    if ("channel" in message) {
      return this.pushed(message.channel, message.offset, message.data);
    }
    if ("action" in message) {
      return message.action === "subscribe" ? this.answered(message) : [];
    }
    switch (message.type) {
      case "position":
        this.position = message.position;
        return [];
      case "lost":
        return this.lost(message.position, "the server lost a part of its stream");
      case "notice":
        return [{ kind: "notice", text: message.message }];
      case "error":
        return refusals(message);
      default:
        return [];
    }
  }

  private answered(answer: {
    id: number;
    results: Outcome[];
    position: Position | null;
    recovered?: boolean;
  }): Event[] {
    if (answer.id === WHERE || (answer.recovered === undefined && this.position !== null)) {
      this.move(answer.position);
      return outcomes(answer.results);
    }
    if (answer.recovered === true) {
      return outcomes(answer.results);
    }
    const began = this.position === null;
    const hole = began ? [] : this.lost(answer.position, "the server could not go on from where we were");
    this.position = answer.position;
    return [...hole, ...outcomes(answer.results)];
  }

  /** What the stream is called since a loss counts only when the loss has been told. */
  private move(here: Position | null): void {
    if (here !== null && this.position?.epoch === here.epoch) {
      this.position = here;
    }
  }

  private lost(at: Position | null, why: string): Event[] {
    this.position = at;
    this.told.clear(); // a server that was restarted may count revisions anew
    return [{ kind: "hole", why }];
  }

  private pushed(channel: string, offset: string | null, data: unknown): Event[] {
    if (offset !== null && this.position !== null) {
      this.position = { epoch: this.position.epoch, offset };
    }
    switch (channel.split(".", 1)[0]) {
      case "ltp":
      case "tick":
      case "quote":
        return [{ kind: "quote", data: data as QuoteData }];
      case "candle":
        return this.knows(channel, data as CandleData) ? [] : [{ kind: "candle", channel, data: data as CandleData }];
      case "status":
        return [{ kind: "status", data: statusOf(data as StatusData) }];
      default:
        return [{ kind: "told", channel, data: data as Record<string, unknown> }];
    }
  }

  /** Whether this revision was told: what closed just before our position may come again from the stores. */
  private knows(channel: string, candle: CandleData): boolean {
    if (candle.state === "forming") {
      return false;
    }
    const told = this.told.get(channel) ?? new Map<number, number>();
    this.told.set(channel, told);
    if ((told.get(candle.time) ?? -1) >= candle.rev) {
      return true;
    }
    told.set(candle.time, candle.rev);
    if (told.size > REMEMBERED) {
      told.delete(told.keys().next().value as number);
    }
    return false;
  }
}

function refusals(error: Problem): Event[] {
  const channel = error.about ?? error.symbol;
  return channel === null ? [] : [{ kind: "refused", channel, error }];
}

function outcomes(results: readonly Outcome[]): Event[] {
  return results.flatMap((result): Event[] => {
    if (result.error !== undefined) {
      return [{ kind: "refused", channel: result.channel, error: result.error }];
    }
    const status = result.status;
    return status ? [{ kind: "status", data: { ...status, instrument: result.instrument ?? null, feed: null } }] : [];
  });
}

function statusOf({ status, since, why, cause, instrument, symbol, feed }: StatusData): StatusOf {
  return { status, since, why, cause, instrument: instrument ?? symbol, feed };
}

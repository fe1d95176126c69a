/** The newest quote of each instrument, and which way its price went last. */

import { createAction, type UnknownAction } from "@reduxjs/toolkit";
import { received } from "@/socket/batch";
import type { QuoteData } from "@/socket/messages";

export interface Quote extends QuoteData {
  /** Which way the last change of price went; "" when there was none yet. */
  direction: "up" | "down" | "";
  /** How often the price has changed since the page was opened; a new number is a new flash. */
  moves: number;
}

export type Quotes = Record<string, Quote>;

/** A price that was asked for, before the socket has told one. */
export interface KnownPrice {
  instrument: string;
  price: number;
  observedMs: number;
}

export const pricesKnown = createAction<KnownPrice[]>("quotes/pricesKnown");

/** No slice: drafts of hundreds of quotes would cost more, sixty times a second, than all that is drawn of them. */
export function quotesReducer(state: Quotes = {}, action: UnknownAction): Quotes {
  if (received.match(action)) {
    return withQuotes(state, action.payload.quotes);
  }
  return pricesKnown.match(action) ? withQuotes(state, newerThan(state, action.payload)) : state;
}

function withQuotes(state: Quotes, told: readonly QuoteData[]): Quotes {
  if (told.length === 0) {
    return state;
  }
  const after = { ...state };
  for (const data of told) {
    after[data.instrument] = next(after[data.instrument], data);
  }
  return after;
}

function newerThan(state: Quotes, known: readonly KnownPrice[]): QuoteData[] {
  return known
    .filter(({ instrument, observedMs }) => (state[instrument]?.timestamp ?? -1) < observedMs)
    .map(({ instrument, price, observedMs }) => ({
      ...bare(instrument),
      ...state[instrument],
      ltp: price,
      timestamp: observedMs,
    }));
}

function next(before: Quote | undefined, data: QuoteData): Quote {
  if (before === undefined || before.ltp === data.ltp) {
    return { ...data, direction: before?.direction ?? "", moves: before?.moves ?? 0 };
  }
  return { ...data, direction: data.ltp > before.ltp ? "up" : "down", moves: before.moves + 1 };
}

function bare(instrument: string): QuoteData {
  return { instrument, symbol: instrument, ltp: 0, size: 0, volume: null, timestamp: 0 };
}

/** The newest quote of each instrument, and which way its price went last. */

import { createSlice, type PayloadAction } from "@reduxjs/toolkit";
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

const quotes = createSlice({
  name: "quotes",
  initialState: {} as Quotes,
  reducers: {
    pricesKnown(state, { payload }: PayloadAction<KnownPrice[]>) {
      for (const { instrument, price, observedMs } of payload) {
        const before = state[instrument];
        if (before === undefined || before.timestamp < observedMs) {
          state[instrument] = next(before, { ...bare(instrument), ...before, ltp: price, timestamp: observedMs });
        }
      }
    },
  },
  extraReducers: (builder) =>
    builder.addCase(received, (state, { payload }) => {
      for (const data of payload.quotes) {
        state[data.instrument] = next(state[data.instrument], data);
      }
    }),
});

export const { pricesKnown } = quotes.actions;
export const quotesReducer = quotes.reducer;

function next(before: Quote | undefined, data: QuoteData): Quote {
  if (before === undefined || before.ltp === data.ltp) {
    return { ...data, direction: before?.direction ?? "", moves: before?.moves ?? 0 };
  }
  return { ...data, direction: data.ltp > before.ltp ? "up" : "down", moves: before.moves + 1 };
}

function bare(instrument: string): QuoteData {
  return { instrument, symbol: instrument, ltp: 0, size: 0, volume: null, timestamp: 0 };
}

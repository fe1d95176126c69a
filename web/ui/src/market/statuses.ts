/** How well prices flow: of each instrument, of each feed, and of all. */

import { createSlice } from "@reduxjs/toolkit";
import { lineChanged } from "@/app/interface";
import { type Batch, received } from "@/socket/batch";
import type { StatusTold } from "@/socket/messages";

export interface Statuses {
  overall: StatusTold | null;
  feeds: Record<string, StatusTold>;
  instruments: Record<string, StatusTold>;
  /** Why nothing comes of a channel, by its name; what comes after all clears it. */
  refused: Record<string, string>;
}

const initialState: Statuses = { overall: null, feeds: {}, instruments: {}, refused: {} };

const statuses = createSlice({
  name: "statuses",
  initialState,
  reducers: {},
  extraReducers: (builder) => {
    // With each connection all is asked for again, and what is still refused is told again.
    builder.addCase(lineChanged, (state, { payload }) => {
      if (payload.is === "open") {
        state.refused = {};
      }
    });
    builder.addCase(received, (state, { payload }) => {
      for (const { instrument, feed, ...told } of payload.statuses) {
        if (instrument !== null) {
          state.instruments[instrument] = told;
        } else if (feed !== null) {
          state.feeds[feed] = told;
        } else {
          state.overall = told;
        }
      }
      if (Object.keys(state.refused).length > 0) {
        for (const channel of channelsHeard(payload)) {
          delete state.refused[channel];
        }
      }
      for (const { channel, error } of payload.refused) {
        state.refused[channel] = error.message;
      }
    });
  },
});

function channelsHeard({ quotes, candles, told }: Batch): string[] {
  return [
    ...quotes.map(({ instrument }) => `quote.${instrument}`),
    ...[...candles, ...told].map(({ channel }) => channel),
  ];
}

export const statusesReducer = statuses.reducer;

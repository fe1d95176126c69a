/** How well prices flow: of each instrument, of each feed, and of all. */

import { createSlice } from "@reduxjs/toolkit";
import { lineChanged } from "@/app/interface";
import { received } from "@/socket/batch";
import type { StatusTold } from "@/socket/messages";

export interface Statuses {
  overall: StatusTold | null;
  feeds: Record<string, StatusTold>;
  instruments: Record<string, StatusTold>;
  /** Why a channel is not followed, by its name. */
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
      for (const { channel, error } of payload.refused) {
        state.refused[channel] = error.message;
      }
    });
  },
});

export const statusesReducer = statuses.reducer;

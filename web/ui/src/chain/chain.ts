/** The option chain that is looked at. */

import { createSlice, type PayloadAction } from "@reduxjs/toolkit";

export interface Chain {
  underlying: string;
  /** ISO date; empty: the nearest. */
  expiry: string;
}

const initialState: Chain = { underlying: "NSE:NIFTY", expiry: "" };

const chain = createSlice({
  name: "chain",
  initialState,
  reducers: {
    underlyingChosen: (_, { payload }: PayloadAction<string>): Chain => ({ underlying: payload, expiry: "" }),
    expiryChosen(state, { payload }: PayloadAction<string>) {
      state.expiry = payload;
    },
  },
});

export const { underlyingChosen, expiryChosen } = chain.actions;
export const chainReducer = chain.reducer;

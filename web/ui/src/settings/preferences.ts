/** What a user's pages keep on the server for the next time, on every device. */

import { createSlice, type PayloadAction } from "@reduxjs/toolkit";

export interface Preferences {
  theme: "system" | "dark" | "light";
  /** `screener:ID` or `watchlist:ID`. */
  list: string;
  timeframe: string;
  /** Show each open at the close before it; display only. */
  continuous: boolean;
  /** The longest wick shown, as `0.5%`; empty: as they are. Display only. */
  wick: string;
  /** Whether alerts ring. */
  alertSound: boolean;
}

export interface PreferencesState {
  values: Preferences;
  /** What was chosen before the server's came: it stands above them. */
  early: Partial<Preferences>;
  /** Whether the server's have come; before, nothing is written over them. */
  isLoaded: boolean;
}

export const DEFAULTS: Preferences = {
  theme: "system",
  list: "screener:swing",
  timeframe: "5m",
  continuous: false,
  wick: "",
  alertSound: false,
};

const initialState: PreferencesState = { values: DEFAULTS, early: {}, isLoaded: false };

const preferences = createSlice({
  name: "preferences",
  initialState,
  reducers: {
    loaded: ({ early }, { payload }: PayloadAction<Partial<Preferences>>): PreferencesState => ({
      values: { ...DEFAULTS, ...payload, ...early },
      early: {},
      isLoaded: true,
    }),
    preferred(state, { payload }: PayloadAction<Partial<Preferences>>) {
      Object.assign(state.values, payload);
      if (!state.isLoaded) {
        Object.assign(state.early, payload);
      }
    },
    forgotten: (): PreferencesState => initialState,
  },
});

export const { loaded, preferred, forgotten } = preferences.actions;
export const preferencesReducer = preferences.reducer;

/** Who is signed in here. */

import { createSlice, type PayloadAction } from "@reduxjs/toolkit";

export interface Person {
  kind: "user" | "key" | "operator";
  id: string;
  role: "user" | "admin";
  scopes: string[];
  email?: string;
  name?: string;
}

export type Session =
  | { is: "unknown"; why: string }
  | { is: "signed out"; why: string }
  | { is: "signed in"; person: Person };

const initialState = { is: "unknown", why: "" } as Session;

const session = createSlice({
  name: "session",
  initialState,
  reducers: {
    signedIn: (_, { payload }: PayloadAction<Person>): Session => ({ is: "signed in", person: payload }),
    /** And why; what was said stays where there is nothing to add. */
    signedOut: (state, { payload }: PayloadAction<string>): Session => ({
      is: "signed out",
      why: payload || (state.is === "signed out" ? state.why : ""),
    }),
    /** We can not tell yet, and why. */
    unknown: (_, { payload }: PayloadAction<string>): Session => ({ is: "unknown", why: payload }),
  },
});

export const { signedIn, signedOut, unknown } = session.actions;
export const sessionReducer = session.reducer;

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
  | { is: "signed out"; because: string }
  | { is: "signed in"; person: Person };

const initialState = { is: "unknown", why: "" } as Session;

const session = createSlice({
  name: "session",
  initialState,
  reducers: {
    signedIn: (_, { payload }: PayloadAction<Person>): Session => ({ is: "signed in", person: payload }),
    signedOut: (_, { payload }: PayloadAction<string>): Session => ({ is: "signed out", because: payload }),
    /** We can not tell yet, and why. */
    unknown: (_, { payload }: PayloadAction<string>): Session => ({ is: "unknown", why: payload }),
  },
});

export const { signedIn, signedOut, unknown } = session.actions;
export const sessionReducer = session.reducer;

/** The state of the page itself: the connection, and what it has to say. */

import { createSlice, type PayloadAction } from "@reduxjs/toolkit";
import { received } from "@/socket/batch";
import type { LineState } from "@/socket/line";

export interface Interface {
  line: LineState;
  /** How often a part of the stream was lost: whoever shows history reads it again when this changes. */
  holes: number;
  /** The server's newest words, as that it restarts. */
  notice: string;
  /** `simulated` or `live`; empty until an answer has told. */
  dataKind: string;
}

const initialState: Interface = { line: { is: "idle" }, holes: 0, notice: "", dataKind: "" };

const slice = createSlice({
  name: "interface",
  initialState,
  reducers: {
    lineChanged(state, { payload }: PayloadAction<LineState>) {
      state.line = payload;
      if (payload.is === "open") {
        state.notice = "";
      }
    },
    dataKindTold(state, { payload }: PayloadAction<string>) {
      state.dataKind = payload;
    },
  },
  extraReducers: (builder) =>
    builder.addCase(received, (state, { payload }) => {
      state.holes += payload.holes.length;
      state.notice = payload.notices.at(-1) ?? state.notice;
    }),
});

export const { lineChanged, dataKindTold } = slice.actions;
export const interfaceReducer = slice.reducer;

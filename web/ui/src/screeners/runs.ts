/** Runs: the newest word on each screener's, from the socket. */

import { createSlice } from "@reduxjs/toolkit";
import { received } from "@/socket/batch";

export interface Run {
  type: "screener_progress" | "screener_complete";
  screener: string;
  job: string;
  status: "waiting" | "running" | "paused" | "done" | "failed" | "cancelled";
  /** From 0 to 1. */
  progress: number;
  message: string;
}

const slice = createSlice({
  name: "runs",
  initialState: {} as Record<string, Run>,
  reducers: {},
  extraReducers: (builder) =>
    builder.addCase(received, (state, { payload }) => {
      for (const { channel, data } of payload.told) {
        if (channel.startsWith("screening.")) {
          const run = data as unknown as Run;
          state[run.screener] = run;
        }
      }
    }),
});

export const runsReducer = slice.reducer;

/** How far it is, in words. */
export function runWords({ status, message, progress }: Run): string {
  switch (status) {
    case "waiting":
      return "Waiting for its turn…";
    case "running":
      return message === "" ? "Looking…" : `${message} (${Math.floor(progress * 100)}%)`;
    case "paused":
      return "Paused by an operator.";
    case "done":
      return `Done: ${message}.`;
    case "failed":
      return `It failed: ${message}.`;
    case "cancelled":
      return "It was cancelled.";
  }
}

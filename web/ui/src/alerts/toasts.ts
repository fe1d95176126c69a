/** What is told on screen as it happens: each alert once, however often it comes, the newest few at a time. */

import { createSlice, type PayloadAction } from "@reduxjs/toolkit";
import { forgotten } from "@/settings/preferences";
import { received } from "@/socket/batch";

export interface Toast {
  id: string;
  /** What it is called: the rule's name, or whose trouble it is. */
  title: string;
  message: string;
  symbol: string;
  at: number;
}

export interface ToastsState {
  shown: Toast[];
  /** Alerts that were told already; the oldest are forgotten. */
  known: string[];
  /** How many were told since the page of alerts was looked at. */
  unseen: number;
}

const MOST_SHOWN = 4;
const MOST_KNOWN = 200;

const initialState: ToastsState = { shown: [], known: [], unseen: 0 };

const slice = createSlice({
  name: "toasts",
  initialState,
  reducers: {
    dismissed(state, { payload }: PayloadAction<string>) {
      state.shown = state.shown.filter(({ id }) => id !== payload);
    },
    seen(state) {
      state.unseen = 0;
    },
  },
  extraReducers: (builder) =>
    builder
      // Who comes next must not see what was told to somebody else.
      .addCase(forgotten, () => initialState)
      .addCase(received, (state, { payload }) => {
        for (const { channel, data } of payload.told) {
          if (channel.split(".")[0] === "alerts") {
            take(state, toastOf(data));
          }
        }
      }),
});

export const { dismissed, seen } = slice.actions;
export const toastsReducer = slice.reducer;

function take(state: ToastsState, toast: Toast): void {
  if (state.known.includes(toast.id)) {
    return;
  }
  state.known = [...state.known, toast.id].slice(-MOST_KNOWN);
  state.shown = [...state.shown, toast].slice(-MOST_SHOWN);
  state.unseen += 1;
}

/** Those of the installation have no id: their time and words tell them apart. */
function toastOf(data: Record<string, unknown>): Toast {
  const text = (name: string) => (typeof data[name] === "string" ? data[name] : "");
  const at = Number(data.at);
  const isOwn = typeof data.id === "string";
  return {
    id: isOwn ? text("id") : `${at} ${text("message")}`,
    title: text("name") || (isOwn ? "Alert" : "Installation"),
    message: text("message"),
    symbol: text("symbol"),
    at,
  };
}

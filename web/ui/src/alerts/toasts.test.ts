import { expect, it } from "vitest";
import { forgotten } from "@/settings/preferences";
import { received } from "@/socket/batch";
import { dismissed, seen, type ToastsState, toastsReducer } from "./toasts";

const NOTHING = { quotes: [], candles: [], statuses: [], told: [], refused: [], holes: [], notices: [] };

function heard(...told: { channel: string; data: Record<string, unknown> }[]) {
  return received({ ...NOTHING, chains: [], told } as unknown as Parameters<typeof received>[0]);
}

function alert(id: string, message = id) {
  return { channel: "alerts.u1", data: { id, name: "mine", message, symbol: "NSE:TCS", at: 1 } };
}

const EMPTY = toastsReducer(undefined, { type: "" });

it("shows each alert once, however often it is told", () => {
  const state = toastsReducer(EMPTY, heard(alert("1"), alert("1"), alert("2")));
  expect(state.shown.map(({ id }) => id)).toEqual(["1", "2"]);
  expect(toastsReducer(state, heard(alert("1"))).unseen).toBe(2);
});

it("shows the newest few and counts all that nobody has seen", () => {
  const many = ["1", "2", "3", "4", "5"].map((id) => alert(id));
  const state = toastsReducer(EMPTY, heard(...many));
  expect(state.shown.map(({ id }) => id)).toEqual(["2", "3", "4", "5"]);
  expect(state.unseen).toBe(5);
  expect(toastsReducer(state, seen()).unseen).toBe(0);
});

it("one that is dismissed goes, and does not come back when it is told again", () => {
  let state: ToastsState = toastsReducer(EMPTY, heard(alert("1")));
  state = toastsReducer(state, dismissed("1"));
  expect(toastsReducer(state, heard(alert("1"))).shown).toEqual([]);
});

it("those of the installation have no id and are told apart by their words", () => {
  const trouble = (message: string) => ({ channel: "alerts", data: { symbol: "", message, at: 5 } });
  const state = toastsReducer(EMPTY, heard(trouble("one"), trouble("two"), trouble("one")));
  expect(state.shown.map(({ title, message }) => [title, message])).toEqual([
    ["Installation", "one"],
    ["Installation", "two"],
  ]);
});

it("who signs out leaves nothing to who comes next", () => {
  expect(toastsReducer(toastsReducer(EMPTY, heard(alert("1"))), forgotten())).toEqual(EMPTY);
});

it("other channels are none of its business", () => {
  expect(toastsReducer(EMPTY, heard({ channel: "jobs", data: { id: "j1" } }))).toEqual(EMPTY);
});

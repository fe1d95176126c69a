import { act, cleanup, renderHook } from "@testing-library/react";
import { Provider } from "react-redux";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { lineChanged } from "@/app/interface";
import { makeStore, type Store } from "@/app/store";
import { type Batch, received } from "@/socket/batch";
import { answering } from "@/testing/answering";
import type { Adjustment } from "./adjustment";
import type { Range } from "./endpoints";
import { useHistory } from "./useHistory";

const EMPTY = { complete: true, gaps: [], missing: [], not_adjusted: [], degraded: "", data: "simulated" };
const HOLE: Batch = { quotes: [], candles: [], statuses: [], told: [], refused: [], holes: ["lost"], notices: [] };

const STEP_MS = 100;

let asked: string[];
let isRefused: boolean;
let tookMs: number;

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  isRefused = false;
  tookMs = 1_000;
  answering(async ({ url }) => {
    asked.push(url);
    await new Promise((done) => setTimeout(done, tookMs));
    return isRefused
      ? Response.json({ detail: "not now" }, { status: 503 })
      : Response.json({ ...EMPTY, bars: {}, candles: [], forming: null });
  });
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function shown(range: Range, adjustment: Adjustment = "raw"): Store {
  const store = makeStore();
  renderHook(() => useHistory({ instrument: "NSE:TCS", timeframe: "5m", range, adjustment }, "Asia/Kolkata"), {
    wrapper: ({ children }) => <Provider store={store}>{children}</Provider>,
  });
  return store;
}

/** In steps, as a page is drawn between the readings. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += STEP_MS) {
    await act(() => vi.advanceTimersByTimeAsync(STEP_MS));
  }
}

it("a reading that takes longer than the pause between readings comes to its end", async () => {
  tookMs = 12_000;
  const store = shown("live");
  await pass(13_000);

  expect(asked).toHaveLength(1);
  expect(store.getState().candles.readings).toBe(1);
});

it("without a socket it is read now and then, and with one it is not", async () => {
  const store = shown("live");
  await pass(20_000);
  const before = asked.length;
  expect(before).toBeGreaterThan(2);
  act(() => void store.dispatch(lineChanged({ is: "open" })));
  await pass(60_000);

  expect(asked.length - before).toBeLessThan(2);
});

it.each(["live", "year"] as const)("of two holes in a row the second is read, in the %s chart", async (range) => {
  const store = shown(range);
  act(() => void store.dispatch(lineChanged({ is: "open" })));
  await pass(500);
  act(() => void store.dispatch(received(HOLE)));
  act(() => void store.dispatch(received(HOLE)));
  await pass(2_000);

  expect(store.getState().candles).toMatchObject({ readings: 1, problem: null });
});

it("what can not be answered now is asked for until it is answered", async () => {
  isRefused = true;
  const store = shown("year");
  act(() => void store.dispatch(lineChanged({ is: "open" })));
  await pass(3_000);
  expect(store.getState().candles.problem).toMatchObject({ status: 503 });
  isRefused = false;
  await pass(10_000);

  expect(store.getState().candles).toMatchObject({ readings: 1, problem: null });
});

it.each(["live", "year"] as const)("each reading of the adjusted %s chart asks for it", async (range) => {
  tookMs = 100;
  shown(range, "all");
  await pass(40_000);

  expect(asked.length).toBeGreaterThan(1);
  expect(asked.map((url) => new URL(url).searchParams.get("adjustment"))).toEqual(asked.map(() => "all"));
});

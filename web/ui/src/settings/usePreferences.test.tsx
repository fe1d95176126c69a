import { act, cleanup, renderHook } from "@testing-library/react";
import { Provider } from "react-redux";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { makeStore } from "@/app/store";
import { answering } from "@/testing/answering";
import { preferred } from "./preferences";
import { usePreferences } from "./usePreferences";

const STEP_MS = 100;

let kept: unknown[];
let isAway: boolean;

beforeEach(() => {
  vi.useFakeTimers();
  localStorage.setItem("ticktree.theme", "dark");
  document.documentElement.dataset.theme = "dark";
  kept = [];
  isAway = false;
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function opened() {
  answering(async (asked) => {
    if (asked.method === "PUT" && isAway) {
      return Response.json({ detail: "away" }, { status: 503 });
    }
    if (asked.method === "PUT") {
      kept.push(((await asked.json()) as { preferences: unknown }).preferences);
    }
    return Response.json({ preferences: { theme: "light", timeframe: "1h" } });
  });
  const store = makeStore();
  renderHook(usePreferences, { wrapper: ({ children }) => <Provider store={store}>{children}</Provider> });
  return store;
}

/** In steps, as a page is drawn in between. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += STEP_MS) {
    await act(() => vi.advanceTimersByTimeAsync(STEP_MS));
  }
}

it("the theme of the last time stays until the server has told", async () => {
  opened();
  expect(document.documentElement.dataset.theme).toBe("dark");
  await pass(STEP_MS);
  expect(document.documentElement.dataset.theme).toBe("light");
});

it("what has come is not written back, and what changes is written once", async () => {
  const store = opened();
  await pass(5_000);
  expect(kept).toEqual([]);
  act(() => void store.dispatch(preferred({ timeframe: "1d" })));
  act(() => void store.dispatch(preferred({ continuous: true })));
  await pass(5_000);

  expect(kept).toEqual([expect.objectContaining({ theme: "light", timeframe: "1d", continuous: true })]);
});

it("what could not be kept is kept when the server is back", async () => {
  const store = opened();
  await pass(STEP_MS);
  isAway = true;
  act(() => void store.dispatch(preferred({ timeframe: "1d" })));
  await pass(2_000);
  isAway = false;
  await pass(10_000);

  expect(kept).toHaveLength(1);
});

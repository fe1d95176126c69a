import { act, cleanup, renderHook } from "@testing-library/react";
import { Provider } from "react-redux";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { lineChanged } from "@/app/interface";
import { makeStore } from "@/app/store";
import { answering } from "@/testing/answering";
import { chain } from "@/testing/chain";
import { pushed } from "@/testing/pushed";
import { channelOf } from "./snapshot";
import { useChain } from "./useChain";

const NEAR = "2026-11-24";
const LISTED = {
  underlying: "NSE:NIFTY",
  timezone: "Asia/Kolkata",
  items: [NEAR, "2026-12-29"].map((expiry) => ({ expiry, expires_at: Date.parse(`${expiry}T10:10:00Z`), strikes: 5 })),
};

let asked: string[];

beforeEach(() => {
  vi.useFakeTimers({ now: new Date("2026-11-20T05:00:00Z") });
  asked = [];
  answering(async ({ url }) => {
    const { pathname, searchParams } = new URL(url);
    if (pathname.endsWith("/expiries")) {
      return Response.json(LISTED);
    }
    asked.push(searchParams.get("at") ?? "");
    return Response.json(chain({ as_of: asked.length * 1_000, expiry: searchParams.get("expiry") ?? "" }));
  });
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function shown(wanted = "", at = "") {
  const store = makeStore();
  store.dispatch(lineChanged({ is: "open" }));
  const { result } = renderHook(() => useChain("NIFTY", wanted, at), {
    wrapper: ({ children }) => <Provider store={store}>{children}</Provider>,
  });
  return { store, view: () => result.current };
}

/** In steps, as a page is drawn between the answers. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    await act(() => vi.advanceTimersByTimeAsync(100));
  }
}

function pushedChain(as_of: number, expiry = NEAR) {
  return pushed([channelOf("NSE:NIFTY", expiry), chain({ as_of, expiry })]);
}

it("the nearest chain is asked for until it is pushed, and then no more", async () => {
  const { store, view } = shown();
  await pass(12_000);
  expect([view().underlying, view().expiry, view().chain?.as_of]).toEqual(["NSE:NIFTY", NEAR, 3_000]);

  act(() => void store.dispatch(pushedChain(9_000)));
  const before = asked.length;
  await pass(12_000);
  expect(view().chain?.as_of).toBe(9_000);
  expect(asked).toHaveLength(before);
});

it("from the close of a day of expiry on the next chain is shown, and the other one by its day or minute", async () => {
  vi.setSystemTime("2026-11-24T10:09:50Z");
  const { view } = shown();
  await pass(200);
  expect(view().expiry).toBe(NEAR);
  await pass(20_000);
  expect(view().expiry).toBe("2026-12-29");

  const named = shown(NEAR);
  const past = shown("", "2026-11-24T09:00:00Z");
  await pass(200);
  expect([named.view().chain?.expiry, past.view().chain?.expiry]).toEqual([NEAR, NEAR]);
});

it("while the line is away it is asked for again, and whichever is newer is shown", async () => {
  const { store, view } = shown();
  await pass(200);
  act(() => void store.dispatch(pushedChain(2_500)));
  act(() => void store.dispatch(lineChanged({ is: "away", why: "", tries: 1, againAt: 0 })));
  await pass(200);
  expect(view().chain?.as_of).toBe(2_500);
  await pass(10_000);
  expect(view().chain?.as_of).toBeGreaterThan(2_500);
});

it("what is pushed of another chain is not shown", async () => {
  const { store, view } = shown("2026-12-29");
  await pass(200);
  act(() => void store.dispatch(pushedChain(99_000)));
  expect([view().chain?.expiry, view().chain?.as_of]).toEqual(["2026-12-29", 1_000]);
});

it("the past is asked for once, and what is pushed does not change it", async () => {
  const { store, view } = shown("", "2026-11-20T05:05:00Z");
  await pass(200);
  act(() => void store.dispatch(pushedChain(99_000)));
  await pass(12_000);
  expect(asked).toEqual(["2026-11-20T05:05:00Z"]);
  expect(view().chain?.as_of).toBe(1_000);
});

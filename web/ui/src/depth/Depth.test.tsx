import { act, cleanup, render, screen, within } from "@testing-library/react";
import { Provider } from "react-redux";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { api } from "@/api/api";
import { lineChanged } from "@/app/interface";
import { makeStore } from "@/app/store";
import { answering } from "@/testing/answering";
import { book } from "@/testing/depth";
import { pushed, refused } from "@/testing/pushed";
import { type Book, channelOf } from "./book";
import { Depth } from "./Depth";

const NOW = Date.parse("2026-11-20T05:00:00Z");
const INFO = {
  name: "TCS",
  ticker: "NSE:TCS",
  description: "",
  exchange: "NSE",
  timezone: "Asia/Kolkata",
  session: "0915-1530:23456",
  pricescale: 100,
};
const NOTHING = book({ bids: [], asks: [] });

let asked = 0;
let answer: () => Response | Promise<Response>;

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
  asked = 0;
  answer = () => told(book({ ts_recv: Date.now() }));
  answering(async () => {
    asked += 1;
    return answer();
  });
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function told(one: Book, failed = "") {
  const isNone = one.bids.length === 0;
  const times = { ts_recv: isNone ? null : one.ts_recv, age_ms: isNone ? null : Date.now() - one.ts_recv };
  return Response.json({ ...one, ...times, failed });
}

async function opened() {
  const store = makeStore();
  store.dispatch(lineChanged({ is: "open" }));
  render(
    <Provider store={store}>
      <Depth info={INFO} />
    </Provider>,
  );
  await pass(200);
  const push = (more: Partial<Book>) =>
    act(() => void store.dispatch(pushed([channelOf("NSE:TCS"), book({ ts_recv: Date.now(), ...more })])));
  return { store, push };
}

/** In steps, as a page is drawn between the answers. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    await act(() => vi.advanceTimersByTimeAsync(100));
  }
}

function rows(side: string): string[] {
  const [, ...levels] = within(screen.getByRole("table", { name: side })).getAllByRole("row");
  return levels.map((row) => [...row.children].map((cell) => cell.textContent).join(" "));
}

const said = () => screen.getByRole("status", { name: "Depth" }).textContent;

it("the levels mirror each other, with what waits on each side and who told it", async () => {
  await opened();
  expect(rows("Bids, the highest first")).toEqual(["3 300 99.95", "1 100 99.90"]);
  expect(rows("Asks, the lowest first")).toEqual(["100.05 1,200 1"]);
  const [bids, , asks] = screen.getAllByRole("term").map((term) => term.parentElement?.textContent);
  expect([bids, asks]).toEqual(["Bids4004 orders", "Asks1,2001 order"]);
  expect(screen.getByText("simulated, told by simulator just now")).toBeDefined();
  expect(said()).toBe("");
});

it("what is pushed is shown, and then nobody asks", async () => {
  const { push } = await opened();
  push({ asks: [{ price: 100.5, quantity: 7, orders: 2 }] });
  const before = asked;
  await pass(10_000);
  expect(rows("Asks, the lowest first")).toEqual(["100.50 7 2"]);
  expect(asked).toBe(before);
});

it("once nothing is pushed any more it is asked for, and why there is none stands above the last that was known", async () => {
  const { push } = await opened();
  push({});
  answer = () => told(NOTHING, "the depth feed is away");
  await pass(25_000);
  expect(said()).toBe("The depth feed is away.");
  expect(screen.getByText(/told by simulator \d+ s ago/)).toBeDefined();
  push({});
  expect(said()).toBe("");
});

it("what is known stands below why nobody keeps it fresh", async () => {
  answer = () => told(book({ ts_recv: Date.now() - 40_000 }), "no engine runs");
  await opened();
  expect(said()).toBe("No engine runs.");
  expect(rows("Asks, the lowest first")).toHaveLength(1);
});

it("why there is no depth at all is said", async () => {
  answer = () => told(NOTHING, "depth is of shares and derivatives of NSE only");
  await opened();
  expect(said()).toBe("Depth is of shares and derivatives of NSE only.");
  expect(screen.queryByRole("table")).toBeNull();
});

it("what the engine refuses is asked for less often, until it comes after all or nobody could tell", async () => {
  answer = () => told(NOTHING, "the token has expired");
  const { store, push } = await opened();
  const asksOf = async (ms: number) => {
    const before = asked;
    await pass(ms);
    return asked - before;
  };
  act(() => void store.dispatch(refused("the token has expired", channelOf("NSE:TCS"))));
  expect(await asksOf(60_000)).toBe(2);
  push({});
  expect(await asksOf(60_000)).toBeGreaterThan(7);
  act(() => void store.dispatch(refused("the token has expired", channelOf("NSE:TCS"))));
  act(() => void store.dispatch(lineChanged({ is: "away", why: "", tries: 1, againAt: NOW })));
  expect(await asksOf(60_000)).toBeGreaterThan(10);
});

it("a tab that nobody sees does not ask again", async () => {
  const { store } = await opened();
  act(() => void store.dispatch(api.internalActions.onFocusLost()));
  const before = asked;
  await pass(30_000);
  expect(asked).toBe(before);
  act(() => void store.dispatch(api.internalActions.onFocus()));
  await pass(5_000);
  expect(asked).toBe(before + 1);
});

it("a book that is empty is told from one that is not known", async () => {
  answer = () => new Promise(() => undefined);
  const { push } = await opened();
  expect(said()).toBe("Asking for the depth of NSE:TCS…");
  push({ bids: [], asks: [] });
  expect(said()).toBe("Nobody bids and nobody asks.");
});

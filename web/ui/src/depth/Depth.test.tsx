import { act, cleanup, render, screen, within } from "@testing-library/react";
import { Provider } from "react-redux";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { lineChanged } from "@/app/interface";
import { makeStore } from "@/app/store";
import { answering } from "@/testing/answering";
import { book } from "@/testing/depth";
import { pushed } from "@/testing/pushed";
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
  return Response.json({ ...one, ts_recv: isNone ? null : one.ts_recv, age_ms: isNone ? null : 0, failed });
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
  return (more: Partial<Book>) =>
    act(() => void store.dispatch(pushed([channelOf("NSE:TCS"), book({ ts_recv: Date.now(), ...more })])));
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
  const push = await opened();
  push({ asks: [{ price: 100.5, quantity: 7, orders: 2 }] });
  const before = asked;
  await pass(10_000);
  expect(rows("Asks, the lowest first")).toEqual(["100.50 7 2"]);
  expect(asked).toBe(before);
});

it("once nothing is pushed any more it is asked for, and why there is none stands above the last that was known", async () => {
  const push = await opened();
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

it("a book that is empty is told from one that is not known", async () => {
  answer = () => new Promise(() => undefined);
  const push = await opened();
  expect(said()).toBe("Asking for the depth of NSE:TCS…");
  push({ bids: [], asks: [] });
  expect(said()).toBe("Nobody bids and nobody asks.");
});

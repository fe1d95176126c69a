import { describe, expect, it } from "vitest";
import { type Batch, received } from "@/socket/batch";
import { pricesKnown, quotesReducer } from "./quotes";

describe("quotes", () => {
  it("know which way a price went, and count its moves", () => {
    const state = [10, 11, 11, 9].map(told).reduce(quotesReducer, {});

    expect(state["NSE:TCS"]).toMatchObject({ ltp: 9, direction: "down", moves: 2 });
  });

  it("take a price that was asked for only where it is newer", () => {
    const state = quotesReducer(quotesReducer({}, told(10)), known(12, 500));
    expect(state["NSE:TCS"]?.ltp).toBe(10);

    expect(quotesReducer(state, known(12, 1_500))["NSE:TCS"]?.ltp).toBe(12);
  });

  it("keep what the day was when a price was asked for", () => {
    const state = quotesReducer(quotesReducer({}, told(10)), known(12, 1_500));

    expect(state["NSE:TCS"]?.previous_close).toBe(8);
  });
});

function known(price: number, observedMs: number) {
  return pricesKnown([{ instrument: "NSE:TCS", price, observedMs }]);
}

function told(ltp: number) {
  const quote = {
    instrument: "NSE:TCS",
    symbol: "NSE:TCS",
    ltp,
    size: 1,
    volume: 1,
    timestamp: 1_000,
    previous_close: 8,
  };
  const batch: Batch = { quotes: [quote], candles: [], statuses: [], told: [], refused: [], holes: [], notices: [] };
  return received(batch);
}

import { expect, it } from "vitest";
import { isAway } from "@/socket/isAway";
import { knownPrices } from "./endpoints";
import { rowAfter } from "./Prices";
import { channelsOf, MOST_FOLLOWED } from "./useListPrices";

it("follows the quote of each instrument, and how all are", () => {
  expect(channelsOf(["NSE:TCS", "NSE:INFY"])).toEqual(["status", "quote.NSE:TCS", "quote.NSE:INFY"]);
});

it("follows no more than a socket may", () => {
  const many = Array.from({ length: 1_000 }, (_, number) => `NSE:S${number}`);
  expect(channelsOf(many)).toHaveLength(MOST_FOLLOWED + 1);
});

it("is not away while the page connects for the first time", () => {
  expect(isAway({ is: "connecting", tries: 0 })).toBe(false);
  expect(isAway({ is: "connecting", tries: 2 })).toBe(true);
  expect(isAway({ is: "refused", why: "", code: 3500 })).toBe(true);
});

it("takes a price whose time nobody told as one of now", () => {
  const told = { prices: { "NSE:TCS": 3135.1, "NSE:INFY": 1555 }, as_of: { "NSE:TCS": 1_000 }, timestamp: 5_000 };
  expect(knownPrices(told)).toEqual([
    { instrument: "NSE:TCS", price: 3135.1, observedMs: 1_000 },
    { instrument: "NSE:INFY", price: 1555, observedMs: 5_000 },
  ]);
});

it("leads by the arrows to a row that is there", () => {
  expect(rowAfter("ArrowDown", 0, 2)).toBe(1);
  expect(rowAfter("ArrowDown", 2, 2)).toBe(2);
  expect(rowAfter("ArrowUp", 0, 2)).toBe(0);
  expect(rowAfter("End", 0, 2)).toBe(2);
  expect(rowAfter("x", 1, 2)).toBeNull();
});

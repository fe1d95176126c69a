import { expect, it } from "vitest";
import { chosen, datesOf, kindWords, marketsOf } from "./choice";
import type { DayTold } from "./endpoints";

function day(date: string, exchange = "NSE", kind = "equity"): DayTold {
  return { date, exchange, kind, instruments: 3 };
}

const TOLD = [
  day("2026-11-20", "NFO", "future"),
  day("2026-11-20"),
  day("2026-11-20", "NSE", "index"),
  day("2026-11-19"),
];

it("shows the newest day of shares where nobody asks for another", () => {
  expect(chosen(TOLD, {})).toBe(TOLD[1]);
});

it("shows what the address asks for", () => {
  expect(chosen(TOLD, { date: "2026-11-19", exchange: "NSE", kind: "equity" })).toBe(TOLD[3]);
});

it("goes to the newest day of a market that has none on that date", () => {
  expect(chosen(TOLD, { date: "2026-11-19", exchange: "NFO", kind: "future" })).toBe(TOLD[0]);
});

it("shows another market where that one has no report", () => {
  expect(chosen(TOLD, { date: "2026-11-19", exchange: "BSE", kind: "equity" })).toBe(TOLD[3]);
  expect(chosen([], { date: "2026-11-19" })).toBeNull();
});

it("lists dates of a market and each market once", () => {
  expect(datesOf(TOLD, day("2026-11-20"))).toEqual(["2026-11-20", "2026-11-19"]);
  expect(marketsOf(TOLD)).toEqual(["NFO future", "NSE equity", "NSE index"]);
  expect(kindWords("future")).toBe("futures");
  expect(kindWords("swap")).toBe("swap");
});

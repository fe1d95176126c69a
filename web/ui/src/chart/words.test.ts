import { expect, test } from "vitest";
import { candlesReducer, type Gap } from "@/market/candles";
import type { Candle } from "@/market/series";
import { statusWords } from "@/market/statusWords";
import { candleOf } from "./endpoints";
import { keyOf } from "./useHistory";
import { completenessWords, isOld, stateWords } from "./words";

const CANDLE: Candle = {
  time: 600_000,
  open: 1,
  high: 2,
  low: 1,
  close: 2,
  volume: 3,
  state: "final",
  rev: 0,
  source: "simulator",
};
const EMPTY = candlesReducer(undefined, { type: "" });
const gap = (start: number, end: number): Gap => ({ start, end, state: "missing", reason: "missing" });

test("a candle says how final it is", () => {
  expect(stateWords({ ...CANDLE, state: "forming" })).toBe("forming");
  expect(stateWords(CANDLE)).toBe("final");
  expect(stateWords({ ...CANDLE, state: "revised", rev: 2 })).toBe("revised, revision 2");
});

test("what lacks is told: within, before, and of stores that could not be read", () => {
  const shown = { ...EMPTY, candles: [CANDLE, { ...CANDLE, time: 900_000 }] };
  expect(completenessWords(shown)).toBe("Complete: no candle is missing.");
  expect(completenessWords({ ...shown, complete: false })).toBe("Not known to be complete.");
  const lacking = { ...shown, gaps: [gap(0, 600_000), gap(660_000, 720_000)], trouble: "the store is away" };
  expect(completenessWords(lacking)).toBe(
    "1 gap among the candles shown; history before the first candle is missing; the store is away.",
  );
});

test("a market that is closed is no old price, one that is stale is, and both say why", () => {
  const told = { since: 0, cause: "" };
  expect(statusWords({ ...told, status: "closed", why: "it opens at 09:15" })).toBe(
    "The market is closed: it opens at 09:15.",
  );
  expect(isOld({ ...told, status: "closed", why: "" })).toBe(false);
  expect(isOld({ ...told, status: "stale", why: "" })).toBe(true);
  expect(statusWords(undefined)).toBe("");
});

test("a bar whose price is not known is no candle", () => {
  const bar = { t: 600_000, o: 1, h: 2, l: 1, c: 2, v: 3, state: "final", rev: 0, source: "simulator" } as const;
  expect(candleOf(bar)).toEqual([CANDLE]);
  expect(candleOf({ ...bar, c: null })).toEqual([]);
});

test("live and year, and each adjustment of the same candles, are charts of their own", () => {
  const wish = { instrument: "NSE:A", timeframe: "5m", range: "live", adjustment: "raw" } as const;
  const keys = [wish, { ...wish, range: "year" } as const, { ...wish, adjustment: "split" } as const].map(keyOf);
  expect(new Set(keys).size).toBe(3);
});

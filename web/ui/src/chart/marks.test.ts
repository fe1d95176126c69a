import { expect, test } from "vitest";
import type { Gap } from "@/market/candles";
import type { Candle } from "@/market/series";
import { drawn, isLimit } from "./display";
import { earlierGaps, gapMarks, healMarks } from "./marks";

const MINUTE = 60_000;

function candle(minute: number, more: Partial<Candle> = {}): Candle {
  const prices = { open: 10, high: 15, low: 5, close: 11, volume: 5 };
  return { time: minute * MINUTE, ...prices, state: "final", rev: 0, source: "simulator", ...more };
}

function gap(from: number, to: number, state: Gap["state"] = "missing"): Gap {
  return { start: from * MINUTE, end: to * MINUTE, state, reason: "" };
}

test("a gap lies between the candles around it", () => {
  expect(gapMarks([candle(10), candle(13)], [gap(11, 13)], MINUTE)).toEqual([{ from: 0.5, to: 0.5, state: "missing" }]);
});

test("a gap within a long candle is on that candle", () => {
  const series = [candle(0), candle(5), candle(10)];
  expect(gapMarks(series, [gap(6, 8)], 5 * MINUTE)).toEqual([{ from: 0.5, to: 1.5, state: "missing" }]);
});

test("gaps before the first candle are counted and not drawn, neighbours are one, others stay apart", () => {
  const series = [candle(10), candle(14)];
  const gaps = [gap(1, 5), gap(5, 10), gap(12, 13), gap(11, 12), gap(15, 16, "healing")];
  expect(earlierGaps(series, gaps)).toBe(2);
  expect(gapMarks(series, gaps, MINUTE)).toEqual([
    { from: 0.5, to: 0.5, state: "missing" },
    { from: 1.5, to: 1.5, state: "healing" },
  ]);
  expect(gapMarks([], gaps, MINUTE)).toEqual([]);
});

test("revised candles beside each other are one heal", () => {
  const healed = { state: "revised", rev: 1 } as const;
  expect(healMarks([candle(1, healed), candle(2, healed), candle(3), candle(4, healed)])).toEqual([
    { from: -0.5, to: 1.5 },
    { from: 2.5, to: 3.5 },
  ]);
});

test("a continuous open is the close before it, but over a long pause it is news", () => {
  const series = [candle(0, { close: 20 }), candle(1), candle(700)];
  const display = { continuous: true, wick: "" };
  expect(drawn(series, 0, display, MINUTE)).toEqual({ open: 10, high: 15, low: 5, close: 20 });
  expect(drawn(series, 1, display, MINUTE)).toEqual({ open: 20, high: 20, low: 5, close: 11 });
  expect(drawn(series, 2, display, MINUTE).open).toBe(10);
});

test("wicks reach as far out of the body as the limit says, in points or in percent", () => {
  const series = [candle(0)];
  expect(drawn(series, 0, { continuous: false, wick: "2" }, MINUTE)).toMatchObject({ high: 13, low: 8 });
  expect(drawn(series, 0, { continuous: false, wick: "10%" }, MINUTE)).toMatchObject({ high: 12.1, low: 9 });
  expect(["", "0.5%", "10"].every(isLimit)).toBe(true);
  expect(["x", "-1", "1.%", "5 %"].some(isLimit)).toBe(false);
});

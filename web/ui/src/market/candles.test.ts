import { expect, test } from "vitest";
import { received } from "@/socket/batch";
import type { CandleData } from "@/socket/messages";
import { type Candles, candlesReducer, type Gap, historyAsked, historyFailed, historyRead } from "./candles";
import type { Candle } from "./series";

const CHANNEL = "candle.NSE:A.1m";
const KEY = `live ${CHANNEL}`;
const START = candlesReducer(undefined, historyAsked({ key: KEY, channel: CHANNEL, tradedSince: 0 }));

function candle(minute: number, more: Partial<Candle> = {}): Candle {
  const prices = { open: 1, high: 1, low: 1, close: 1, volume: 1 };
  return { time: minute * 60_000, ...prices, state: "final", rev: 0, source: "simulator", ...more };
}

function pushed(state: Candles, ...candles: Candle[]): Candles {
  const about = { instrument: "NSE:A", symbol: "NSE:A", timeframe: "1m", oi: null };
  const candlePushes = candles.map((one) => ({ channel: CHANNEL, data: { ...about, ...one } satisfies CandleData }));
  const rest = { quotes: [], statuses: [], told: [], refused: [], holes: [], notices: [] };
  return candlesReducer(state, received({ candles: candlePushes, ...rest }));
}

function read(state: Candles, candles: Candle[], gaps: Gap[] = []): Candles {
  const history = { candles, gaps, notAdjusted: [], complete: true, isSimulated: true, trouble: "" };
  return candlesReducer(state, historyRead({ key: KEY, history }));
}

test("what is pushed while history is read stays, and what history knows better does not", () => {
  const early = pushed(START, candle(3), candle(2, { rev: 0, close: 9 }));
  const state = read(early, [candle(1), candle(2, { state: "revised", rev: 1, close: 8 })]);
  expect(state.candles.map(({ time, close }) => [time / 60_000, close])).toEqual([
    [1, 1],
    [2, 8],
    [3, 1],
  ]);
});

test("a second reading takes the place of all that was told before it was asked for", () => {
  const first = pushed(read(START, [candle(1, { rev: 7, close: 5 })]), candle(2, { close: 5 }));
  const asked = candlesReducer(first, historyAsked({ key: KEY, channel: CHANNEL, tradedSince: 0 }));
  expect(asked.candles).toHaveLength(2);
  const again = read(pushed(asked, candle(3)), [candle(1), candle(2)]);
  expect(again.candles).toEqual([candle(1), candle(2), candle(3)]);
});

test("answers and pushes of another chart are not taken", () => {
  const other = candlesReducer(
    START,
    historyAsked({ key: "live candle.NSE:B.1m", channel: "candle.NSE:B.1m", tradedSince: 0 }),
  );
  expect(read(other, [candle(1)]).candles).toEqual([]);
  expect(pushed(other, candle(1))).toBe(other);
});

test("a push that fills a gap, or that leaps over minutes, is a reason to read again", () => {
  const gap: Gap = { start: 60_000, end: 120_000, state: "missing", reason: "missing" };
  const state = read(START, [candle(0), candle(2), candle(3)], [gap]);
  expect(pushed(state, candle(4)).doubts).toBe(0);
  expect(pushed(state, candle(1)).doubts).toBe(1);
  expect(pushed(state, candle(9)).doubts).toBe(1);
});

test("a refusal is kept until history is read after all", () => {
  const problem = { status: 503, detail: "The store is away.", code: "" };
  const failed = candlesReducer(START, historyFailed({ key: KEY, problem }));
  expect(failed.problem).toEqual(problem);
  expect(read(failed, []).problem).toBeNull();
});

const MIDNIGHT_MIN = 30_000;
const ADJUSTED = candlesReducer(
  undefined,
  historyAsked({ key: KEY, channel: CHANNEL, tradedSince: MIDNIGHT_MIN * 60_000 }),
);

test("beside adjusted candles those of today stand as they are pushed, the one that forms among them", () => {
  const state = read(ADJUSTED, [candle(MIDNIGHT_MIN - 1, { close: 20 })]);
  const later = pushed(state, candle(MIDNIGHT_MIN, { close: 21 }), candle(MIDNIGHT_MIN + 1, { state: "forming" }));
  expect(later.candles.map(({ close }) => close)).toEqual([20, 21, 1]);
  expect(later.doubts).toBe(0);
});

test("an earlier candle that is pushed is as traded: it does not come among adjusted ones, but they are read again", () => {
  const state = read(ADJUSTED, [candle(MIDNIGHT_MIN - 1, { close: 20 })]);
  const healed = pushed(state, candle(MIDNIGHT_MIN - 1, { state: "revised", rev: 1, close: 100 }));
  expect(healed.candles).toBe(state.candles);
  expect(healed.doubts).toBe(1);
  const reading = candlesReducer(healed, historyAsked({ key: KEY, channel: CHANNEL, tradedSince: 60_000 }));
  expect(pushed(reading, candle(0, { rev: 2, close: 100 })).since).toEqual([]);
});

test("adjusted candles are read again when the next day begins, once", () => {
  const state = read(ADJUSTED, [candle(MIDNIGHT_MIN + 1_438), candle(MIDNIGHT_MIN + 1_439)]);
  const next = pushed(state, candle(MIDNIGHT_MIN + 1_440));
  expect(next.doubts).toBe(1);
  expect(pushed(next, candle(MIDNIGHT_MIN + 1_441)).doubts).toBe(1);
});

import { expect, test } from "vitest";
import { type Candle, difference, isHollow, merged, type Series, withPrice } from "./series";

const MINUTE = 60_000;

function candle(minute: number, more: Partial<Candle> = {}): Candle {
  const prices = { open: 10, high: 12, low: 9, close: 11, volume: 5 };
  return { time: minute * MINUTE, ...prices, state: "final", rev: 0, source: "simulator", ...more };
}

/** Numbers from 0 to 1 that are the same at each run. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

function shuffled<Thing>(things: readonly Thing[], roll: () => number): Thing[] {
  return things
    .map((thing) => ({ thing, at: roll() }))
    .sort((one, other) => one.at - other.at)
    .map(({ thing }) => thing);
}

/** Some minutes, each forming, then final, and a few revised. */
function pushes(roll: () => number): Candle[] {
  return Array.from({ length: 12 }, (_, minute) => [
    candle(minute, { state: "forming", close: roll() }),
    ...Array.from({ length: Math.floor(roll() * 4) }, (_, rev) =>
      candle(minute, { state: rev === 0 ? "final" : "revised", rev, close: roll() }),
    ),
  ]).flat();
}

/** In messages of one or more. */
function inMessages(candles: readonly Candle[], roll: () => number): Series {
  let series: Series = [];
  for (let place = 0; place < candles.length; ) {
    const size = 1 + Math.floor(roll() * 4);
    series = merged(series, candles.slice(place, place + size));
    place += size;
  }
  return series;
}

test("any order of pushes gives the same series, one candle a time and ascending", () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const roll = dice(seed);
    const all = pushes(roll);
    const expected = merged([], all);
    expect(inMessages(shuffled(all, roll), roll)).toEqual(expected);
    expect(expected.map(({ time }) => time)).toEqual([...new Set(all.map(({ time }) => time))]);
  }
});

test("history may come before, between or after the pushes that it holds", () => {
  for (let seed = 1; seed <= 100; seed += 1) {
    const roll = dice(seed);
    const all = pushes(roll);
    const history = merged([], all.slice(0, Math.floor(roll() * all.length)));
    const expected = merged(history, all);
    const before = Math.floor(roll() * all.length);
    expect(merged(merged(merged([], all.slice(0, before)), history), all.slice(before))).toEqual(expected);
  }
});

test("drawing only the differences draws the whole series", () => {
  for (let seed = 1; seed <= 100; seed += 1) {
    const roll = dice(seed);
    let series: Series = [];
    let drawn: Candle[] = [];
    for (const push of shuffled(pushes(roll), roll)) {
      const after = merged(series, [push]);
      const change = difference(series, after);
      if (change.is === "all") {
        drawn = [...after];
      } else if (change.is === "some") {
        for (const place of change.places) {
          const now = after[place] as Candle;
          // The library takes an update only of a time that it has, or of one newer than all.
          expect(place === drawn.length || drawn[place]?.time === now.time).toBe(true);
          drawn[place] = now;
        }
      }
      series = after;
      expect(drawn).toEqual(series);
    }
  }
});

test("an older revision, and a forming candle after the end, change nothing", () => {
  const series = [candle(1, { state: "revised", rev: 2 })];
  expect(merged(series, [candle(1, { rev: 0 }), candle(1, { state: "forming" })])).toBe(series);
  expect(difference(series, series)).toEqual({ is: "none" });
});

test("a candle older than all that are shown is put before them, which draws all anew", () => {
  const series = [candle(5), candle(6)];
  const after = merged(series, [candle(1)]);
  expect(after.map(({ time }) => time / MINUTE)).toEqual([1, 5, 6]);
  expect(difference(series, after)).toEqual({ is: "all" });
});

test("the newest price moves the forming candle, within its bucket only", () => {
  const series = [candle(1), candle(2, { state: "forming" })];
  const moved = withPrice(series, 15, 2 * MINUTE + 30_000, MINUTE);
  expect(moved.at(-1)).toMatchObject({ close: 15, high: 15, low: 9, open: 10 });
  expect(moved[0]).toBe(series[0]);
  expect(withPrice(series, 15, 3 * MINUTE, MINUTE)).toBe(series);
  expect(withPrice([candle(2)], 15, 2 * MINUTE, MINUTE)).toEqual([candle(2)]);
});

test("a candle that forms although another has begun tells of an end that was not heard", () => {
  expect(isHollow([candle(1, { state: "forming" }), candle(2, { state: "forming" })])).toBe(true);
  expect(isHollow([candle(1), candle(2, { state: "forming" })])).toBe(false);
});

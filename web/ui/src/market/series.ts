/** A series of candles: history and pushes put together, so that the order in which they come does not matter. */

import type { CandleState } from "@/socket/messages";

export interface Candle {
  /** The open of its bucket, milliseconds UTC. */
  time: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
  state: CandleState;
  rev: number;
  source: string;
}

/** The oldest first, one of a time. What has not changed is the same object as before. */
export type Series = readonly Candle[];

/** The series with these candles in it; the same series when they tell nothing new. */
export function merged(series: Series, come: readonly Candle[]): Series {
  let next: Candle[] | null = null;
  for (const candle of come) {
    const place = placeOf(next ?? series, candle.time);
    const known = (next ?? series)[place];
    const isKnown = known?.time === candle.time;
    if (!isKnown || replaces(candle, known)) {
      next ??= series.slice();
      next.splice(place, isKnown ? 1 : 0, candle);
    }
  }
  return next ?? series;
}

/** A closed candle stands above the forming one, a later revision above the earlier; a forming one is as told last. */
function replaces(candle: Candle, known: Candle): boolean {
  if (candle.state === "forming") {
    return known.state === "forming";
  }
  return known.state === "forming" || candle.rev > known.rev;
}

/** Where the first candle is that does not begin before this time. */
export function placeOf(series: Series, time: number): number {
  let low = 0;
  let high = series.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((series[middle] as Candle).time < time) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/** Candles beyond the most are let go, the oldest first, and some at once, as that redraws everything. */
export function bounded(series: Series, most: number): Series {
  return series.length > 2 * most ? series.slice(-most) : series;
}

/** What is to be drawn when one series follows another: nothing, the candles at these places, or all. */
export type Difference = { is: "none" } | { is: "some"; places: number[] } | { is: "all" };

const MANY = 200;

export function difference(before: Series, after: Series): Difference {
  if (before === after) {
    return { is: "none" };
  }
  if (before.length === 0 || after.length < before.length) {
    return { is: "all" };
  }
  const places: number[] = [];
  for (let place = 0; place < after.length; place += 1) {
    const [old, now] = [before[place], after[place] as Candle];
    if (old === now) {
      continue;
    }
    places.push(place);
    // One that was put in between has no place in what is drawn yet.
    if ((old !== undefined && old.time !== now.time) || places.length > MANY) {
      return { is: "all" };
    }
  }
  return places.length === 0 ? { is: "none" } : { is: "some", places };
}

/** Whether one still forms although another has begun after it: its end was told when nobody listened. */
export function isHollow(series: Series): boolean {
  return series.slice(-LOOKED_AT, -1).some((candle) => candle.state === "forming");
}

const LOOKED_AT = 10;

/** The forming candle with the newest price in it: candles are told less often than prices. */
export function withPrice(series: Series, price: number, timestamp: number, lengthMs: number): Series {
  const last = series.at(-1);
  if (last?.state !== "forming" || last.close === price || !within(timestamp, last.time, lengthMs)) {
    return series;
  }
  const high = Math.max(last.high, price);
  return [...series.slice(0, -1), { ...last, close: price, high, low: Math.min(last.low, price) }];
}

function within(timestamp: number, time: number, lengthMs: number): boolean {
  return timestamp >= time && timestamp < time + lengthMs;
}

/** How candles are drawn otherwise than they were traded. Nothing is kept of it, and no close is ever changed. */

import type { Candle, Series } from "@/market/series";

export interface Display {
  /** Each open at the close before it. */
  continuous: boolean;
  /** How far a wick may reach out of the body, as `0.5%` of the price or `10` points; empty: as far as it does. */
  wick: string;
}

/** Over a longer pause an open is news, and stays what it was. */
const LONGEST_PAUSE_MS = 10 * 3_600_000;

export type Prices = Pick<Candle, "open" | "high" | "low" | "close">;

/** The prices of the candle at a place as they are to be drawn. */
export function drawn(series: Series, place: number, display: Display, lengthMs: number): Prices {
  const candle = series[place] as Candle;
  const joined = display.continuous ? joinedTo(series[place - 1], candle, lengthMs) : candle;
  return clamped(joined, display.wick);
}

/** Whether this is a limit for wicks, or none. */
export function isLimit(wick: string): boolean {
  return wick === "" || /^\d{1,9}(\.\d+)?%?$/.test(wick);
}

function joinedTo(before: Candle | undefined, candle: Candle, lengthMs: number): Prices {
  if (before === undefined || candle.time - before.time - lengthMs > LONGEST_PAUSE_MS) {
    return candle;
  }
  const open = before.close;
  return { open, high: Math.max(candle.high, open), low: Math.min(candle.low, open), close: candle.close };
}

function clamped({ open, high, low, close }: Prices, wick: string): Prices {
  if (wick === "" || !isLimit(wick)) {
    return { open, high, low, close };
  }
  const [top, bottom] = [Math.max(open, close), Math.min(open, close)];
  return {
    open,
    high: Math.min(high, top + reach(top, wick)),
    low: Math.max(low, bottom - reach(bottom, wick)),
    close,
  };
}

function reach(edge: number, wick: string): number {
  const amount = Number.parseFloat(wick);
  return wick.endsWith("%") ? (Math.abs(edge) * amount) / 100 : amount;
}

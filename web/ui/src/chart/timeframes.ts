/** Timeframes: the lengths that candles are built for. */

export interface Timeframe {
  /** As the API calls it. */
  name: string;
  words: string;
  lengthMs: number;
  /** How far back the live chart looks for its bars: over holidays, on an exchange that is open for six hours. */
  days: number;
}

const MINUTE_MS = 60_000;
export const DAY_MS = 1440 * MINUTE_MS;

const DEFAULT: Timeframe = { name: "5m", words: "5 minutes", lengthMs: 5 * MINUTE_MS, days: 20 };

export const TIMEFRAMES: readonly Timeframe[] = [
  { name: "1m", words: "1 minute", lengthMs: MINUTE_MS, days: 10 },
  DEFAULT,
  { name: "15m", words: "15 minutes", lengthMs: 15 * MINUTE_MS, days: 45 },
  { name: "30m", words: "30 minutes", lengthMs: 30 * MINUTE_MS, days: 80 },
  { name: "1h", words: "1 hour", lengthMs: 60 * MINUTE_MS, days: 130 },
  { name: "4h", words: "4 hours", lengthMs: 240 * MINUTE_MS, days: 400 },
  { name: "1d", words: "1 day", lengthMs: DAY_MS, days: 800 },
];

/** The timeframe of this name; five minutes for a name that nobody knows. */
export function timeframeOf(name: string): Timeframe {
  return TIMEFRAMES.find((timeframe) => timeframe.name === name) ?? DEFAULT;
}

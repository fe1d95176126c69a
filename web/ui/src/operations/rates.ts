/** Rates from counts that only grow: how much more there is than at the reading before, by the time between them. */

export interface Reading {
  key: string;
  count: number;
  atMs: number;
}

interface Known extends Reading {
  perSecond: number | null;
}

export type Rates = ReadonlyMap<string, Known>;

export const NO_RATES: Rates = new Map();

/** With new readings taken in; what is not read any more is forgotten, and a count that fell began anew. */
export function advanced(before: Rates, readings: Iterable<Reading>): Rates {
  const rates = new Map<string, Known>();
  for (const reading of readings) {
    const known = before.get(reading.key);
    rates.set(reading.key, known?.atMs === reading.atMs ? known : { ...reading, perSecond: between(known, reading) });
  }
  return rates;
}

/** In words: `12.4/s`, or a dash while there is only one reading. */
export function rateText(rates: Rates, key: string): string {
  const rate = rates.get(key)?.perSecond ?? null;
  return rate === null ? "–" : `${rate.toFixed(rate < 100 ? 1 : 0)}/s`;
}

function between(before: Known | undefined, now: Reading): number | null {
  if (before === undefined || now.count < before.count || now.atMs < before.atMs) {
    return null;
  }
  return ((now.count - before.count) / (now.atMs - before.atMs)) * 1000;
}

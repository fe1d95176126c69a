/** Sessions: where an exchange was shut between two candles. */

import type { Series } from "@/market/series";
import type { Clock } from "./clock";

const DAY_MS = 86_400_000;

/** When the stretches of trade begin, in milliseconds after midnight, of hours as `0915-1530:23456`; midnight for `24x7`. */
export function openings(hours: string): number[] {
  const found = [...hours.matchAll(/(\d\d)(\d\d)-\d{4}/g)];
  const times = found.map(([, hour, minute]) => (Number(hour) * 60 + Number(minute)) * 60_000);
  return times.length === 0 ? [0] : [...new Set(times)].sort((one, other) => one - other);
}

/** The places of candles that are the first of their session. */
export function sessionStarts(series: Series, clock: Clock, hours: string): number[] {
  const starts = openings(hours);
  const numbers = series.map(({ time }) => sessionNumber(clock.wall(time).getTime(), starts));
  return numbers.flatMap((number, place) => (place > 0 && number !== numbers[place - 1] ? [place] : []));
}

function sessionNumber(wallMs: number, starts: readonly number[]): number {
  const ofDay = wallMs % DAY_MS;
  return Math.floor(wallMs / DAY_MS) * starts.length + starts.filter((start) => start <= ofDay).length;
}

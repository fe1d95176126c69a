/** What is to be said of stretches of a chart: where candles lack, where they were healed, where a session begins. */

import type { Gap } from "@/market/candles";
import { placeOf, type Series } from "@/market/series";

/** A stretch of the time axis in places of candles; a half lies between two. Where nothing was, both ends are the same. */
export interface Stretch {
  from: number;
  to: number;
}

export interface GapMark extends Stretch {
  state: Gap["state"];
}

/** Where candles lack; those before the first candle are left out, and neighbours are one. */
export function gapMarks(series: Series, gaps: readonly Gap[], lengthMs: number): GapMark[] {
  const marks: GapMark[] = [];
  for (const { start, end, state } of [...gaps].sort((one, other) => one.start - other.start)) {
    const from = placeOf(series, start - lengthMs + 1) - 0.5;
    const to = placeOf(series, end) - 0.5;
    const last = marks.at(-1);
    if (series.length === 0 || to < 0) {
      continue;
    }
    if (last !== undefined && last.state === state && last.to >= from) {
      last.to = Math.max(last.to, to);
    } else {
      marks.push({ from, to, state });
    }
  }
  return marks;
}

/** How many of the gaps lie before the first candle. */
export function earlierGaps(series: Series, gaps: readonly Gap[]): number {
  const first = series[0];
  return first === undefined ? gaps.length : gaps.filter((gap) => gap.end <= first.time).length;
}

/** Rows of candles that were revised. */
export function healMarks(series: Series): Stretch[] {
  const marks: Stretch[] = [];
  series.forEach(({ state }, place) => {
    const last = marks.at(-1);
    if (state !== "revised") {
      return;
    }
    if (last?.to === place - 0.5) {
      last.to = place + 0.5;
    } else {
      marks.push({ from: place - 0.5, to: place + 0.5 });
    }
  });
  return marks;
}

/** Which report is looked at: what the address says, as far as there is such a one, else the newest. */

import type { DayTold, ReportWish } from "./endpoints";

const KINDS: Record<string, string> = {
  equity: "shares",
  index: "indices",
  future: "futures",
  option: "options",
};

/** `shares`; a kind that has no word is its own. */
export function kindWords(kind: string): string {
  return KINDS[kind] ?? kind;
}

/** The report of that day and market; of another day where that one has none; null where there is none at all. */
export function chosen(told: readonly DayTold[], wish: Partial<ReportWish>): DayTold | null {
  const best = [
    (day: DayTold) => day.date === wish.date && isOf(day, wish),
    (day: DayTold) => isOf(day, wish),
    (day: DayTold) => day.date === wish.date,
    (day: DayTold) => day.kind === "equity",
    () => true,
  ];
  for (const fits of best) {
    const found = told.find(fits);
    if (found !== undefined) {
      return found;
    }
  }
  return null;
}

/** The dates of a market, the newest first. */
export function datesOf(told: readonly DayTold[], { exchange, kind }: DayTold): string[] {
  return told.filter((day) => isOf(day, { exchange, kind })).map(({ date }) => date);
}

/** The markets there are, each once: `NSE equity`. */
export function marketsOf(told: readonly DayTold[]): string[] {
  return [...new Set(told.map(marketOf))].sort();
}

/** As a choice names it. */
export function marketOf({ exchange, kind }: { exchange: string; kind: string }): string {
  return `${exchange} ${kind}`;
}

function isOf(day: DayTold, { exchange, kind }: Partial<ReportWish>): boolean {
  return day.exchange === exchange && day.kind === kind;
}

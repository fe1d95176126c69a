/** Adjustment: earlier prices as they would have been with today's shares, so that a split is no fall. */

import type { NotAdjusted } from "@/market/candles";
import { Clock } from "./clock";
import { DAY_MS } from "./timeframes";

/** As the API calls them. */
export type Adjustment = "raw" | "split" | "dividend" | "all";

export const ADJUSTMENTS: Record<Adjustment, string> = {
  raw: "as traded",
  split: "adjusted for splits",
  dividend: "adjusted for dividends",
  all: "adjusted for both",
};

const ACTIONS: Record<Exclude<Adjustment, "raw">, string> = {
  split: "splits and bonuses",
  dividend: "dividends",
  all: "splits, bonuses and dividends",
};

/** The adjustment of this name; prices as traded for a name that nobody knows. */
export function adjustmentOf(name: string | null): Adjustment {
  return name !== null && Object.hasOwn(ADJUSTMENTS, name) ? (name as Adjustment) : "raw";
}

/**
 * From when on prices stand as they were traded: the exchange's midnight, as what has happened until today is adjusted for
 * only in what was traded before. What is pushed is always as traded.
 */
export function tradedSince(adjustment: Adjustment, zone: string, nowMs: number): number {
  return adjustment === "raw" ? 0 : nowMs - (new Clock(zone).wall(nowMs).getTime() % DAY_MS);
}

/** What is done to the prices shown, and what could not be; empty where nothing is. */
export function adjustmentWords(adjustment: Adjustment, notAdjusted: readonly NotAdjusted[]): string {
  if (adjustment === "raw") {
    return "";
  }
  const left = notAdjusted.map(({ ex_date, amount }) => `${amount ?? "unknown size"} on ${ex_date}`);
  const but = left.length === 0 ? "" : ` Not for the dividend of ${left.join(", of ")}: no close before is known.`;
  return `Earlier prices are adjusted for ${ACTIONS[adjustment]}; today's are as traded.${but}`;
}

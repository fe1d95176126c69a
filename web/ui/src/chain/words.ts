/** What a chain says of its legs, as people say it. */

import { price } from "@/formats/numbers";
import type { Baseline } from "./pictures";
import type { BuildUp, ChainSnapshot, Leg, Quality } from "./snapshot";

export const QUALITIES: Record<Quality, string> = {
  unknown: "not heard of",
  crossed: "bid above ask",
  below_intrinsic: "below intrinsic",
  stale: "old",
  no_bid: "no bid",
  good: "good",
};

export const BUILD_UPS: Record<BuildUp, { short: string; words: string; way: "up" | "down" }> = {
  long_build_up: { short: "Long", words: "Long build-up: price and interest rose, new buyers", way: "up" },
  short_build_up: { short: "Short", words: "Short build-up: price fell, interest rose, new sellers", way: "down" },
  short_covering: { short: "Cover", words: "Short covering: price rose, interest fell, sellers leave", way: "up" },
  long_unwinding: { short: "Unwind", words: "Long unwinding: price and interest fell, buyers leave", way: "down" },
};

/** Where the forward price comes from. */
export function forwardWords({ forward_source, future, rate }: ChainSnapshot): string {
  switch (forward_source) {
    case "future":
      return `from ${future ?? "the future"}`;
    case "parity":
      return "from put-call parity";
    case "spot":
      return `from the spot price at ${rate}% a year`;
    case "old_parity":
      return "from put-call parity of old prices";
    default:
      return "";
  }
}

/** From when changes of open interest are counted. */
export function sinceWords({ day, previous_day }: ChainSnapshot): Record<Baseline, string> {
  return {
    close: previous_day === null ? "Change since close" : `Change since close of ${previous_day}`,
    open: day === null ? "Change since open" : `Change since open of ${day}`,
  };
}

/** Why a leg's price is to be doubted; empty where it is not. */
export function doubt({ quality, quote_age_ms }: Leg): string {
  if (quality === "good") {
    return "";
  }
  return quality === "stale" && quote_age_ms !== null
    ? `${QUALITIES.stale}: ${ageWords(quote_age_ms)}`
    : QUALITIES[quality];
}

/** How old a quote is: `0.4 s`, `12 s`, `5 min`, `3 h`. */
export function ageWords(ageMs: number): string {
  const seconds = Math.max(0, ageMs) / 1000;
  if (seconds < 10) {
    return `${seconds.toFixed(1)} s`;
  }
  if (seconds < 90) {
    return `${Math.round(seconds)} s`;
  }
  return seconds < 90 * 60 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

const FRESH_MS = 60_000;

/** How old a price is that the chain goes by; empty while it is fresh. */
export function oldWords(ageMs: number | null): string {
  return ageMs === null || ageMs <= FRESH_MS ? "" : `${ageWords(ageMs)} old`;
}

/** What the engine calls a reason, with spaces: `below_intrinsic` is `below intrinsic`. */
export function reasonWords(reason: string): string {
  return reason.replaceAll("_", " ");
}

const LACKS: Record<string, string> = {
  not_listed: "there is no such instrument",
  not_heard: "nothing has told it yet",
  old: "the price it would be of is old",
  no_forward: "what the options are on has no price yet",
  no_price: "one of the options at the money has no price",
  no_calls: "there is nothing on the calls' side to divide by",
  no_interest: "there is no open interest",
  no_baseline: "what the change is counted from is not known",
};

/** Why figures of a chain or leg are not known: `not known: there is no open interest`; empty where all are. */
export function lackWords({ reasons }: Pick<ChainSnapshot | Leg, "reasons">, ...figures: string[]): string {
  const told = new Set(figures.flatMap((figure) => reasons?.[figure] ?? []));
  return told.size === 0 ? "" : `not known: ${[...told].map((why) => LACKS[why] ?? reasonWords(why)).join("; ")}`;
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** How long is left at a moment: `5 days`, `7 h`, `12 min`, `over`. */
export function leftWords(expiresAt: number, nowMs: number): string {
  const left = expiresAt - nowMs;
  if (left <= 0) {
    return "over";
  }
  if (left >= 2 * DAY_MS) {
    return `${Math.floor(left / DAY_MS)} days`;
  }
  return left >= HOUR_MS ? `${Math.floor(left / HOUR_MS)} h` : `${Math.ceil(left / 60_000)} min`;
}

/** A strike, without decimals where it has none. */
export function strikeWords(strike: number): string {
  return price(strike, strike % 1 === 0 ? 0 : 2);
}

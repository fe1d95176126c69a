/** Prices that were not believed: what speaks for and against them, and what may be decided. */

import { moment } from "@/formats/times";
import type { Quarantined } from "./models";

export type Word = "release" | "discard";

/** What an operator may still say; a bar is its provider's word. */
export function wordsFor({ kind, status }: Quarantined): Word[] {
  if (kind === "bar") {
    return [];
  }
  return status === "held" ? ["release", "discard"] : status === "released" ? ["discard"] : ["release"];
}

/** The evidence as pairs of what and how much; what is not known is left out, times are told as such. */
export function evidenceOf({ evidence }: Quarantined, zone: string): [string, string][] {
  return Object.entries(evidence)
    .filter(([, value]) => value !== null && value !== "")
    .map(([name, value]) => [name.replaceAll("_", " "), valueText(name, value, zone)]);
}

function valueText(name: string, value: unknown, zone: string): string {
  if (name.startsWith("ts_") && typeof value === "number") {
    return value > 0 ? moment(value / 1_000_000, zone) : "not told";
  }
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

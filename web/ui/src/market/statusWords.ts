/** Why the prices of an instrument do not flow as usual, as a sentence. */

import type { StatusTold } from "@/socket/messages";

const STATUS: Record<StatusTold["status"], string> = {
  live: "",
  stale: "No new prices for too long",
  backfilling: "Missing candles are being got",
  degraded: "A store is away; what is shown may lack something",
  fallback: "No feed brings prices; they are asked for now and then",
  closed: "The market is closed",
  unmapped: "No provider delivers this instrument",
};

/** Empty while they flow. */
export function statusWords(told: StatusTold | undefined): string {
  if (told === undefined || told.status === "live") {
    return "";
  }
  return told.why === "" ? `${STATUS[told.status]}.` : `${STATUS[told.status]}: ${told.why}.`;
}

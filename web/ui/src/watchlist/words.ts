/** How it is with a list and with each of its instruments, in words. */

import { problemWords, type QueryError } from "@/api/problems";
import { isAway } from "@/socket/isAway";
import type { LineState } from "@/socket/line";
import type { StatusTold } from "@/socket/messages";

const NAMES: Record<StatusTold["status"], string> = {
  live: "Live",
  stale: "Stale",
  backfilling: "Filling a gap",
  degraded: "Storage is away",
  fallback: "Asked for",
  closed: "Closed",
  unmapped: "Not mapped",
};

/** Of one instrument: its status and why; what is not followed says why not. */
export function statusWords(told: StatusTold | undefined, refusal: string | undefined, isPriced: boolean): string {
  if (refusal !== undefined) {
    return `Not followed: ${refusal}`;
  }
  if (told === undefined || (told.status === "live" && !isPriced)) {
    return isPriced ? "" : "No price yet";
  }
  return told.why === "" ? NAMES[told.status] : `${NAMES[told.status]}: ${told.why}`;
}

/** How the prices of the list reach the page. */
export function supplyWords(line: LineState, problem: QueryError | undefined): string {
  if (!isAway(line)) {
    return line.is === "open" ? "Live prices." : "Connecting for live prices…";
  }
  const away = line.is === "refused" ? `Live prices are refused: ${line.why}.` : "Live prices are away.";
  return problem === undefined
    ? `${away} They are asked for every 1.5 s until they are back.`
    : `${away} Asking for them every 1.5 s fails too: ${problemWords(problem)} What is shown is old.`;
}

/** What keeps instruments of the list from being live, with how many of them; empty when all are. */
export function hindranceWords(instruments: readonly string[], statuses: Readonly<Record<string, StatusTold>>): string {
  const counts = new Map<string, number>();
  for (const instrument of instruments) {
    const status = statuses[instrument]?.status ?? "live";
    if (status !== "live") {
      counts.set(NAMES[status], (counts.get(NAMES[status]) ?? 0) + 1);
    }
  }
  if (counts.get(NAMES.closed) === instruments.length && instruments.length > 0) {
    return "The market is closed: these are the last prices.";
  }
  return [...counts].map(([name, count]) => `${name}: ${count} of ${instruments.length}.`).join(" ");
}

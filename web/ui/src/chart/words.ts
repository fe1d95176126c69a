/** What the chart says: of a candle, and of what is shown or is not. */

import { sentence } from "@/formats/sentences";
import type { Candles } from "@/market/candles";
import type { Candle } from "@/market/series";
import type { StatusTold } from "@/socket/messages";
import { earlierGaps } from "./marks";

/** How final a candle is. */
export function stateWords({ state, rev }: Candle): string {
  switch (state) {
    case "forming":
      return "forming";
    case "final":
      return rev === 0 ? "final" : `final, revision ${rev}`;
    case "revised":
      return `revised, revision ${rev}`;
  }
}

/** Whether what is drawn has become old. */
export function isOld(told: StatusTold | undefined): boolean {
  return told !== undefined && ["stale", "degraded", "unmapped"].includes(told.status);
}

/** What lacks among the candles that are shown, in one sentence. */
export function completenessWords({ candles, gaps, complete, trouble }: Candles): string {
  const earlier = earlierGaps(candles, gaps);
  const within = gaps.length - earlier;
  const lacking = [
    within > 0 ? `${within} ${within === 1 ? "gap" : "gaps"} among the candles shown` : "",
    earlier > 0 ? "history before the first candle is missing" : "",
    trouble,
  ].filter((words) => words !== "");
  if (lacking.length > 0) {
    return sentence(lacking.join("; "));
  }
  return complete ? "Complete: no candle is missing." : "Not known to be complete.";
}

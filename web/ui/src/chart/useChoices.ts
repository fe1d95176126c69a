import { useSearchParams } from "react-router";
import { type Adjustment, adjustmentOf } from "./adjustment";
import type { Range } from "./endpoints";

export interface Choices {
  range: Range;
  adjustment: Adjustment;
}

/** What is chosen of a chart in its address, so that who is sent there sees the same. */
export function useChoices(): [Choices, (wanted: Partial<Choices>) => void] {
  const [search, setSearch] = useSearchParams();
  const choices: Choices = {
    range: search.get("range") === "1y" ? "year" : "live",
    adjustment: adjustmentOf(search.get("adjustment")),
  };

  function choose(wanted: Partial<Choices>) {
    const { range, adjustment } = { ...choices, ...wanted };
    const written = { ...(range === "year" && { range: "1y" }), ...(adjustment !== "raw" && { adjustment }) };
    setSearch(written, { replace: true });
  }

  return [choices, choose];
}

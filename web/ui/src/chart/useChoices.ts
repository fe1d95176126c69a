import { useSearchParams } from "react-router";
import { type Adjustment, adjustmentOf } from "./adjustment";
import type { Range } from "./endpoints";

export interface Choices {
  range: Range;
  adjustment: Adjustment;
  /** Whether the depth is beside it. */
  depth: boolean;
}

/** What is chosen of a chart in its address, so that who is sent there sees the same. */
export function useChoices(): [Choices, (wanted: Partial<Choices>) => void] {
  const [search, setSearch] = useSearchParams();
  const choices: Choices = {
    range: search.get("range") === "1y" ? "year" : "live",
    adjustment: adjustmentOf(search.get("adjustment")),
    depth: search.has("depth"),
  };

  function choose(wanted: Partial<Choices>) {
    const { range, adjustment, depth } = { ...choices, ...wanted };
    const written = {
      ...(range === "year" && { range: "1y" }),
      ...(adjustment !== "raw" && { adjustment }),
      ...(depth && { depth: "20" }),
    };
    setSearch(written, { replace: true });
  }

  return [choices, choose];
}

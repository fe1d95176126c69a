import { expect, it } from "vitest";
import { type Batch, received } from "@/socket/batch";
import { chain } from "@/testing/chain";
import { liveChainReducer } from "./live";

it("the newest of what was pushed stands, and other channels change nothing", () => {
  const first = liveChainReducer(undefined, told(["chain.A.2026-11-24", 1], ["chain.A.2026-11-24", 2], ["jobs", 3]));
  expect([first.channel, first.snapshot?.as_of]).toEqual(["chain.A.2026-11-24", 2]);
  expect(liveChainReducer(first, told(["jobs", 4]))).toBe(first);
});

function told(...pushes: [string, number][]) {
  const batch: Batch = { quotes: [], candles: [], statuses: [], told: [], refused: [], holes: [], notices: [] };
  return received({ ...batch, told: pushes.map(([channel, as_of]) => ({ channel, data: { ...chain({ as_of }) } })) });
}

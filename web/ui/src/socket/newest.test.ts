import { expect, it } from "vitest";
import { pushed } from "@/testing/pushed";
import { newestOf } from "./newest";

const reducer = newestOf<{ as_of: number }>("chain");

it("the newest of what was pushed stands, and other channels change nothing", () => {
  const told = pushed(["chain.A.2026-11-24", { as_of: 1 }], ["chain.A.2026-11-24", { as_of: 2 }], ["jobs", {}]);
  const first = reducer(undefined, told);
  expect([first.channel, first.data?.as_of]).toEqual(["chain.A.2026-11-24", 2]);
  expect(reducer(first, pushed(["jobs", {}]))).toBe(first);
});

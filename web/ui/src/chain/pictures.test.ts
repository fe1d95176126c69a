import { describe, expect, it } from "vitest";
import { leg } from "@/testing/chain";
import { interest, interestChange, pain, smile } from "./pictures";
import type { StrikeLegs } from "./snapshot";

const STRIKES: StrikeLegs[] = [
  { strike: 100, ce: leg({ oi: 10, iv: 14, oi_change: 3, oi_change_open: 1 }), pe: leg({ oi: 30, iv: null }) },
  { strike: 110, ce: leg({ oi: null, iv: 12, oi_change: null }), pe: null },
  { strike: 120, ce: leg({ oi: 20, iv: 13 }), pe: leg({ oi: 5, iv: 15 }) },
];

describe("pictures of a chain", () => {
  it("leave out what is not known", () => {
    expect(interest(STRIKES).map(({ values }) => values)).toEqual([
      [10, null, 20],
      [30, null, 5],
    ]);
    expect(smile(STRIKES).map(({ values }) => values)).toEqual([
      [14, 12, 13],
      [null, null, 15],
    ]);
  });

  it("show changes since either baseline", () => {
    expect(interestChange(STRIKES, "close")[0]?.values).toEqual([3, null, 75]);
    expect(interestChange(STRIKES, "open")[0]?.values).toEqual([1, -75, -75]);
  });

  it("reckon what holders would get over all strikes, also where few are shown", () => {
    const [calls, puts, both] = pain(STRIKES, STRIKES.slice(1));
    expect(calls?.values).toEqual([10 * 10, 10 * 20]);
    expect(puts?.values).toEqual([5 * 10, 0]);
    expect(both?.values).toEqual([150, 200]);
  });

  it("reckon nothing of a side of which no interest is known", () => {
    const one = [{ strike: 100, ce: leg({ oi: 10 }), pe: leg({ oi: null }) }];
    expect(pain(one, one).map(({ values }) => values)).toEqual([[0], [null], [null]]);
  });
});

import { describe, expect, it } from "vitest";
import { book } from "@/testing/depth";
import { mostOf, spreadOf, sumOf } from "./book";

describe("a book", () => {
  it("tells how far its sides are apart, where it has both", () => {
    expect(spreadOf(book())?.points).toBeCloseTo(0.1);
    expect(spreadOf(book())?.percent).toBeCloseTo(0.1);
    expect(spreadOf(book({ bids: [] }))).toBeNull();
  });

  it("sums what waits on a side", () => {
    expect(sumOf(book().bids)).toEqual({ quantity: 400, orders: 4 });
    expect(sumOf([])).toEqual({ quantity: 0, orders: 0 });
  });

  it("measures both sides by the same quantity", () => {
    expect(mostOf(book())).toBe(1_200);
    expect(mostOf(book({ bids: [], asks: [] }))).toBe(0);
  });
});

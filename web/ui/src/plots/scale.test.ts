import { describe, expect, it } from "vitest";
import { bands, between, decimalsOf, labelled, nearest, placeIn, rangeOf, roundValues } from "./scale";

describe("a range", () => {
  it("holds all that is known, with air around it", () => {
    const { low, high } = rangeOf([12, null, 10, 20], false);

    expect(low).toBeCloseTo(9.4);
    expect(high).toBeCloseTo(20.6);
  });

  it("stands on zero for bars, which have air only where they grow", () => {
    expect(rangeOf([5, 10], true)).toEqual({ low: 0, high: 10.6 });
    expect(rangeOf([-10, -5], true)).toEqual({ low: -10.6, high: 0 });
    expect(rangeOf([-10, 10], true)).toEqual({ low: -11.2, high: 11.2 });
  });

  it("has room also for one value, and for none", () => {
    expect(rangeOf([20], false)).toEqual({ low: 19, high: 21 });
    expect(rangeOf([0, 0], false)).toEqual({ low: -1, high: 1 });
    expect(rangeOf([null], false)).toEqual({ low: 0, high: 1 });
    expect(rangeOf([], true)).toEqual({ low: 0, high: 1 });
  });

  it("is told with as many decimals as its values need", () => {
    expect(decimalsOf([0, 2.5, 5])).toBe(1);
    expect(decimalsOf([244.8, 245, 245.2])).toBe(1);
    expect(decimalsOf([12.75, 12.8])).toBe(2);
    expect(decimalsOf([26_000, 26_010])).toBe(0);
    expect(decimalsOf([7])).toBe(0);
  });

  it("is labelled with round values", () => {
    expect(roundValues({ low: 0, high: 10.6 }, 5)).toEqual([0, 2.5, 5, 7.5, 10]);
    expect(roundValues({ low: -1_200, high: 900 }, 4)).toEqual([-1_000, 0]);
    expect(roundValues({ low: 11.92, high: 12.31 }, 4).map((one) => one.toFixed(1))).toEqual([
      "12.0",
      "12.1",
      "12.2",
      "12.3",
    ]);
  });
});

describe("places", () => {
  it("are fractions of the range", () => {
    expect(placeIn({ low: 10, high: 20 }, 15)).toBe(0.5);
  });

  it("of bands are their middles", () => {
    expect(bands(4)).toEqual([0.125, 0.375, 0.625, 0.875]);
  });

  it("of what stands between two are between theirs, and of what is outside nowhere", () => {
    const places = bands(2);

    expect(between([100, 200], places, 150)).toBe(0.5);
    expect(between([100, 200], places, 200)).toBe(0.75);
    expect(between([100, 200], places, 99)).toBeNull();
    expect(between([100, 200], places, 201)).toBeNull();
  });

  it("lead back to the nearest", () => {
    expect(nearest(bands(4), 0.6)).toBe(2);
    expect(nearest([0, 0.9, 1], 0.5)).toBe(1);
  });

  it("are labelled as often as there is room", () => {
    expect(labelled(bands(31), 6)).toEqual([0, 6, 12, 18, 24, 30]);
    expect(labelled(bands(4), 6)).toEqual([0, 1, 2, 3]);
    expect(labelled([0, 0.05, 0.5, 0.9, 1], 6)).toEqual([0, 2, 3]);
    expect(labelled([], 6)).toEqual([]);
  });
});

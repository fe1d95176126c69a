import { describe, expect, it } from "vitest";
import { change, percentChange, price, short, whole } from "./numbers";

describe("numbers", () => {
  it.each([
    [price(123456.5), "1,23,456.50"],
    [price(0.0525), "0.0525"],
    [price(1432.1 + 0.2), "1,432.30"],
    [price(25900, 0), "25,900"],
    [price(-37.63), "−37.63"],
    [price(-0.001, 2), "0.00"],
    [short(-20_000), "−20K"],
    [price(null), "–"],
    [change(112.4, 100), "+12.40"],
    [change(99, 100), "−1.00"],
    [change(100, 100), "0.00"],
    [change(100, null), "–"],
    [percentChange(99, 100), "−1.00%"],
    [percentChange(100.001, 100), "0.00%"],
    [whole(1234567), "12,34,567"],
    [short(1_240_000), "1.24M"],
    [short(undefined), "–"],
  ])("%s is %s", (written, expected) => {
    expect(written).toBe(expected);
  });
});

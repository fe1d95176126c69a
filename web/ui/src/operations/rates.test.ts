import { expect, it } from "vitest";
import { advanced, NO_RATES, rateText } from "./rates";

const reading = (count: number, atMs: number) => [{ key: "a", count, atMs }];

it("a rate needs two readings, and stays while the second is looked at again", () => {
  const first = advanced(NO_RATES, reading(100, 1_000));
  expect(rateText(first, "a")).toBe("–");
  const second = advanced(first, reading(150, 3_000));
  expect(rateText(second, "a")).toBe("25.0/s");
  expect(rateText(advanced(second, reading(150, 3_000)), "a")).toBe("25.0/s");
});

it("a count that fell began anew: no rate until the next reading", () => {
  const fallen = advanced(advanced(NO_RATES, reading(100, 1_000)), reading(5, 2_000));
  expect(rateText(fallen, "a")).toBe("–");
  expect(rateText(advanced(fallen, reading(1_005, 3_000)), "a")).toBe("1000/s");
});

it("what is not read any more is forgotten", () => {
  expect(advanced(advanced(NO_RATES, reading(1, 1)), [])).toEqual(new Map());
});

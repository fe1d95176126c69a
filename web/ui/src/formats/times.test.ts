import { describe, expect, it } from "vitest";
import { age, moment } from "./times";

describe("times", () => {
  it.each([
    [0, "now"],
    [12_000, "12 s"],
    [300_000, "5 min"],
    [3 * 3_600_000, "3 h"],
    [3 * 86_400_000, "3 d"],
    [-5_000, "now"],
  ])("%d ms ago is %s", (ms, expected) => {
    expect(age(1_000_000_000_000 - ms, 1_000_000_000_000)).toBe(expected);
  });

  it("are those of the zone, on both sides of its summer time", () => {
    expect(moment(Date.parse("2026-10-31T13:30:00Z"), "America/New_York")).toBe("2026-10-31 09:30:00");
    expect(moment(Date.parse("2026-11-02T14:30:00Z"), "America/New_York")).toBe("2026-11-02 09:30:00");
  });
});

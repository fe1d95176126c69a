import { expect, test } from "vitest";
import { adjustmentOf, adjustmentWords, tradedSince } from "./adjustment";

const NOON = Date.UTC(2026, 10, 20, 6, 30);

test("of what an address says only what the API knows is taken", () => {
  expect(adjustmentOf("split")).toBe("split");
  expect(adjustmentOf("toString")).toBe("raw");
  expect(adjustmentOf(null)).toBe("raw");
});

test("prices stand as traded since the exchange's midnight, and raw ones always", () => {
  expect(tradedSince("all", "Asia/Kolkata", NOON)).toBe(Date.UTC(2026, 10, 19, 18, 30));
  expect(tradedSince("all", "America/New_York", NOON)).toBe(Date.UTC(2026, 10, 20, 5, 0));
  expect(tradedSince("raw", "Asia/Kolkata", NOON)).toBe(0);
});

test("it is said what prices are adjusted for, and for which dividend they could not be", () => {
  expect(adjustmentWords("raw", [])).toBe("");
  expect(adjustmentWords("split", [])).toBe(
    "Earlier prices are adjusted for splits and bonuses; today's are as traded.",
  );
  expect(adjustmentWords("all", [{ ex_date: "2026-07-16", amount: 11 }])).toContain(
    "Not for the dividend of 11 on 2026-07-16",
  );
});

import { expect, it } from "vitest";
import { byPart } from "./problems";

it("finds the part that a complaint is about", () => {
  const told = byPart(["definition.where.all[0].left: there is no indicator 'a'; near it: sma: ema", "gone"]);
  expect(told.get("definition.where.all[0].left")).toBe("there is no indicator 'a'; near it: sma: ema");
  expect(told.get("definition.where.all[1].left")).toBeUndefined();
});

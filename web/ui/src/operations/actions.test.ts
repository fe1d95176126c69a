import { expect, it } from "vitest";
import { actionWords, type Kind, ratioOf } from "./actions";

it.each<[Kind, string, number | null]>([
  ["split", "1:5", 5],
  ["split", " 10 : 1 ", 0.1],
  ["split", "2.5", 2.5],
  ["bonus", "1:1", 2],
  ["bonus", "1:2", 1.5],
  ["bonus", "five", null],
  ["split", "1:", null],
  ["split", "0:5", null],
  ["split", "1:2:3", null],
])("a %s of %s", (kind, text, ratio) => {
  expect(ratioOf(kind, text)).toBe(ratio);
});

it.each<[Kind, number, string]>([
  ["split", 5, "Split 1:5"],
  ["split", 0.1, "Split 10:1"],
  ["split", 1.5, "Split 2:3"],
  ["bonus", 2, "Bonus 1:1"],
  ["bonus", 1.5, "Bonus 1:2"],
  ["bonus", 4 / 3, "Bonus 1:3"],
  ["split", Math.PI, `Split 1:${Math.PI}`],
])("a %s to %s is told as it is announced", (kind, ratio, words) => {
  expect(actionWords({ kind, ratio, amount: null })).toBe(words);
});

it("a dividend is told with its amount", () => {
  expect(actionWords({ kind: "dividend", ratio: null, amount: 4.5 })).toBe("Dividend of 4.5 a share");
});

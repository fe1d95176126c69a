import { expect, it } from "vitest";
import { conditionWords, type Definition, universeWords } from "./definition";
import { asText, draftOf, EMPTY, newRow, writtenOf } from "./draft";

const DEFINITION: Definition = {
  universe: { exchange: "NSE", instruments: ["NSE:TCS", "NSE:INFY"] },
  where: {
    any: [
      { left: "rsi(14)", is: "between", right: [40, "rsi(7)"] },
      { left: "close", is: "crosses_above", right: "sma(50)" },
    ],
  },
  timeframe: "1h",
  sort: { by: "change", descending: false },
  limit: 20,
  columns: ["macd(12, 26)", "close"],
  adjustment: "all",
  schedule: "daily",
};
const WRITTEN = { name: "Mine", description: "of hours", definition: DEFINITION };

it("sends what it was given when nothing was changed", () => {
  expect(writtenOf(draftOf(WRITTEN))).toEqual(WRITTEN);
});

it("sends conditions within others as they were written", () => {
  const where = { all: [{ any: [{ left: "close", is: ">" as const, right: 5 }] }] };
  const draft = draftOf({ ...WRITTEN, definition: { ...DEFINITION, where } });
  expect(draft.rows).toEqual([]);
  expect(writtenOf(draft).definition.where).toEqual(where);
  expect(() => writtenOf({ ...draft, nested: "{" })).toThrow(SyntaxError);
});

it("writes rows as text for who wants to nest them", () => {
  const draft = asText(draftOf(WRITTEN));
  expect(JSON.parse(draft.nested ?? "")).toEqual(DEFINITION.where);
});

it("takes a single comparison for one row", () => {
  const one = { left: "close", is: ">" as const, right: 5 };
  const draft = draftOf({ ...WRITTEN, definition: { where: one } });
  expect(writtenOf(draft).definition.where).toEqual({ all: [one] });
});

it("tells numbers from indicators, and leaves out what was left empty", () => {
  const rows = [newRow({ right: " -2.5 " }), newRow({ is: "outside", right: "1e3", other: " sma(5) " })];
  const { definition } = writtenOf({ ...draftOf(EMPTY), rows, exchange: " bse ", sortBy: " " });
  expect(definition.where.all?.map(({ right }) => right)).toEqual([-2.5, [1000, "sma(5)"]]);
  expect(definition.universe).toEqual({ exchange: "BSE" });
  expect(definition.sort).toBeUndefined();
});

it("says in words what is looked for, and where", () => {
  expect(conditionWords(DEFINITION.where)).toBe("rsi(14) between 40 and rsi(7), or close crosses above sma(50)");
  expect(conditionWords({ all: [DEFINITION.where, { left: "close", is: "<", right: 5 }] })).toBe(
    "(rsi(14) between 40 and rsi(7), or close crosses above sma(50)), and close below 5",
  );
  expect(universeWords(DEFINITION.universe ?? {})).toBe("2 instruments, NSE");
  expect(universeWords({ list: "swing", kind: "equity" })).toBe("the list swing, of kind equity");
});

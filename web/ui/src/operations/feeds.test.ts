import { expect, it } from "vitest";
import { carriersOf, causeText, lagText, linesOf, troublesOf, wholeText } from "./feeds";
import type { Feeds } from "./models";

const NOTHING: Feeds = {
  engine: "e",
  time: 1,
  feeds: {},
  causes: {},
  packets: {},
  carried: {},
  moves: [],
  measures: {},
};
const told = { status: "live", since: 1, why: "", cause: "live" };

it("connections stand in order, each with its provider and its packets", () => {
  const feeds = { "dhan/1": told, "dhan/0": told };
  const lines = linesOf({ ...NOTHING, feeds, packets: { "dhan/0": { packets: 7 } } });
  expect(lines.map(({ name, provider, packets }) => [name, provider, packets.packets])).toEqual([
    ["dhan/0", "dhan", 7],
    ["dhan/1", "dhan", undefined],
  ]);
});

it("only what is wrong with packets is told as trouble", () => {
  expect(troublesOf({ packets: 9, malformed: 2, unmapped: 0, unmapped_sample: ["1"] })).toEqual([
    "2 packets that can not be read",
  ]);
});

it("a cause that this page does not know yet is told by its name", () => {
  expect(causeText("moonlight")).toBe("moonlight");
});

it("each provider stands beside what it carries, also one that carries nothing now", () => {
  const carried = { NSE: { dhan: 3, kite: 1 }, BSE: { dhan: 2 } };
  const rows = carriersOf({ ...NOTHING, carried, measures: { kite: { complete: 0.5 }, yahoo: { lag_ms: 7 } } });
  expect(rows).toEqual([
    {
      provider: "dhan",
      exchanges: [
        ["BSE", 2],
        ["NSE", 3],
      ],
      measure: {},
    },
    { provider: "kite", exchanges: [["NSE", 1]], measure: { complete: 0.5 } },
    { provider: "yahoo", exchanges: [], measure: { lag_ms: 7 } },
  ]);
});

it("what was not measured is not known, and what is nearly whole is not called whole", () => {
  expect([lagText({}), wholeText({})]).toEqual(["not known", "not known"]);
  expect(lagText({ lag_ms: 119.7, lag_p95_ms: 1400.2 })).toBe("120 ms, 95 of 100 within 1,400 ms");
  expect([wholeText({ complete: 0.9996 }), wholeText({ complete: 1 })]).toEqual(["99.9 %", "100.0 %"]);
});

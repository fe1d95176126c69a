import { expect, it } from "vitest";
import { causeText, linesOf, troublesOf } from "./feeds";

const told = { status: "live", since: 1, why: "", cause: "live" };

it("connections stand in order, each with its provider and its packets", () => {
  const feeds = { "dhan/1": told, "dhan/0": told };
  const lines = linesOf({ engine: "e", time: 1, feeds, causes: {}, packets: { "dhan/0": { packets: 7 } } });
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

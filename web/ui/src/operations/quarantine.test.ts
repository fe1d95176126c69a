import { expect, it } from "vitest";
import type { Quarantined } from "./models";
import { evidenceOf, wordsFor } from "./quarantine";

const entry: Quarantined = {
  id: 1,
  instrument: "NSE:A",
  kind: "tick",
  timestamp: null,
  price: 1,
  reason: "jumped",
  evidence: { ts_event: 1_795_252_564_000_000_000, day_low: 52.7, volume: null },
  status: "held",
  decided_by: "",
  decided_at: null,
};

it("what is held can be decided either way, what is decided can be turned round, a bar not at all", () => {
  expect(wordsFor(entry)).toEqual(["release", "discard"]);
  expect(wordsFor({ ...entry, status: "released" })).toEqual(["discard"]);
  expect(wordsFor({ ...entry, status: "discarded" })).toEqual(["release"]);
  expect(wordsFor({ ...entry, kind: "bar" })).toEqual([]);
});

it("evidence is told with its times as times, and without what is not known", () => {
  expect(evidenceOf(entry, "UTC")).toEqual([
    ["ts event", "2026-11-21 09:16:04"],
    ["day low", "52.7"],
  ]);
});

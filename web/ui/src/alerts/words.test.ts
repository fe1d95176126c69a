import { expect, it } from "vitest";
import type { Condition, Rule } from "./models";
import { conditionWords, draftOf, redrafted, stateOf } from "./words";

const RULE: Rule = {
  id: 7,
  condition: { kind: "price", instrument: "NSE:TCS", comparison: "above", value: 100 },
  name: "mine",
  once: true,
  cool_down_s: 300,
  hysteresis_percent: 0.1,
  webhook: null,
  is_enabled: true,
  fired_at: null,
};

it.each<[Condition, string]>([
  [{ kind: "price", instrument: "NSE:TCS", comparison: "above", value: 2450 }, "NSE:TCS rises to 2,450.00"],
  [{ kind: "price", instrument: "NSE:TCS", comparison: "falls", value: 2 }, "NSE:TCS is down by 2%"],
  [{ kind: "price", instrument: "NSE:TCS", comparison: "gaps", value: 2 }, "NSE:TCS opens 2% or more from its close"],
  [{ kind: "gap", instrument: "NSE:TCS", minutes: 5 }, "NSE:TCS lacks 5 min or more"],
  [{ kind: "feed", provider: "dhan", seconds: 60 }, "The feed of dhan is unwell for 60 s"],
  [{ kind: "token", provider: "dhan", hours: 2 }, "The token of dhan ends within 2 h"],
])("a condition is told in words: %o", (condition, words) => {
  expect(conditionWords(condition)).toBe(words);
});

it("a rule waits, was told, or is off", () => {
  expect(stateOf(RULE)).toBe("active");
  expect(stateOf({ ...RULE, is_enabled: false, fired_at: "2026-11-20T10:00:00Z" })).toBe("told");
  expect(stateOf({ ...RULE, is_enabled: false })).toBe("off");
});

it("what is written into the form becomes a rule", () => {
  const form = new FormData();
  for (const [name, value] of Object.entries({
    kind: "price",
    instrument: " nse:tcs ",
    comparison: "crosses",
    value: "99.5",
  })) {
    form.set(name, value);
  }
  const once = draftOf(form);
  expect(once.condition).toEqual({ kind: "price", instrument: "NSE:TCS", comparison: "crosses", value: 99.5 });
  expect([once.once, once.cool_down_s, once.webhook]).toEqual([true, 300, null]);
  form.set("again", "on");
  form.set("cool_down_min", "10");
  form.set("webhook", "3");
  const again = draftOf(form);
  expect([again.once, again.cool_down_s, again.webhook]).toEqual([false, 600, 3]);
});

it("a rule that is switched off stays as it is otherwise", () => {
  const { id, fired_at, ...draft } = RULE;
  expect([id, fired_at]).toEqual([7, null]);
  expect(redrafted(RULE, { is_enabled: false })).toEqual({ ...draft, is_enabled: false });
});

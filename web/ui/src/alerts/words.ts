/** Rules in words, and as they are written into the form. */

import { price } from "@/formats/numbers";
import type { Comparison, Condition, Rule, RuleDraft } from "./models";

export const COMPARISONS: readonly (readonly [Comparison, string])[] = [
  ["above", "rises to"],
  ["below", "falls to"],
  ["crosses", "crosses"],
  ["rises", "is up by percent"],
  ["falls", "is down by percent"],
  ["gaps", "opens away by percent"],
];

/** What a rule waits for: `NSE:TCS rises to 2,450.00`. */
export function conditionWords(condition: Condition): string {
  switch (condition.kind) {
    case "price":
      return `${condition.instrument} ${comparisonWords(condition.comparison, condition.value)}`;
    case "gap":
      return `${condition.instrument} lacks ${condition.minutes} min or more`;
    case "feed":
      return `The feed of ${condition.provider} is unwell for ${condition.seconds} s`;
    case "token":
      return `The token of ${condition.provider} ends within ${condition.hours} h`;
  }
}

function comparisonWords(comparison: Comparison, value: number): string {
  switch (comparison) {
    case "rises":
      return `is up by ${value}%`;
    case "falls":
      return `is down by ${value}%`;
    case "gaps":
      return `opens ${value}% or more from its close`;
    default:
      return `${COMPARISONS.find(([name]) => name === comparison)?.[1]} ${price(value)}`;
  }
}

/** Whether it waits, was told and is over, or is switched off. */
export function stateOf({ is_enabled, once, fired_at }: Rule): "active" | "told" | "off" {
  if (is_enabled) {
    return "active";
  }
  return once && fired_at !== null ? "told" : "off";
}

/** The rule that a filled-in form asks for. */
export function draftOf(form: FormData): RuleDraft {
  const text = (name: string) => String(form.get(name) ?? "").trim();
  const webhook = text("webhook");
  return {
    condition: conditionOf(text),
    name: text("name"),
    once: form.get("again") === null,
    cool_down_s: form.get("again") === null ? 300 : Number(text("cool_down_min")) * 60,
    hysteresis_percent: 0.1,
    webhook: webhook === "" ? null : Number(webhook),
    is_enabled: true,
  };
}

function conditionOf(text: (name: string) => string): Condition {
  switch (text("kind")) {
    case "gap":
      return { kind: "gap", instrument: text("instrument").toUpperCase(), minutes: Number(text("minutes")) };
    case "feed":
      return { kind: "feed", provider: text("provider"), seconds: Number(text("seconds")) };
    case "token":
      return { kind: "token", provider: text("provider"), hours: Number(text("hours")) };
    default:
      return {
        kind: "price",
        instrument: text("instrument").toUpperCase(),
        comparison: text("comparison") as Comparison,
        value: Number(text("value")),
      };
  }
}

/** The rule again, without what the server adds. */
export function redrafted(rule: Rule, changes: Partial<RuleDraft>): RuleDraft {
  const { condition, name, once, cool_down_s, hysteresis_percent, webhook, is_enabled } = rule;
  return { condition, name, once, cool_down_s, hysteresis_percent, webhook, is_enabled, ...changes };
}

/** What the charts of a chain are drawn of. */

import type { Series } from "@/plots/series";
import type { Leg, Side, StrikeLegs } from "./snapshot";

export type Baseline = "close" | "open";

/** Open interest of calls and puts. */
export function interest(strikes: readonly StrikeLegs[]): Series[] {
  return bySides(strikes, ({ oi }) => oi);
}

/** Its change since the previous close, or since the first of today. */
export function interestChange(strikes: readonly StrikeLegs[], since: Baseline): Series[] {
  return bySides(strikes, (leg) => (since === "close" ? leg.oi_change : leg.oi_change_open));
}

export function smile(strikes: readonly StrikeLegs[]): Series[] {
  return bySides(strikes, ({ iv }) => iv);
}

/** What the holders of all options would get if the underlying settled at each of the shown strikes, where anybody knows. */
export function pain(all: readonly StrikeLegs[], shown: readonly StrikeLegs[]): Series[] {
  const paid = (settled: number, side: Side) =>
    all.reduce((sum, legs) => {
      const gain = side === "ce" ? settled - legs.strike : legs.strike - settled;
      return sum + Math.max(0, gain) * (legs[side]?.oi ?? 0);
    }, 0);
  const isKnown = (side: Side) => all.some(({ [side]: leg }) => leg !== null && leg.oi !== null);
  const curve = (side: Side) => shown.map(({ strike }) => (isKnown(side) ? paid(strike, side) : null));
  const [calls, puts] = [curve("ce"), curve("pe")];
  return [
    { name: "Calls", tone: "call", values: calls },
    { name: "Puts", tone: "put", values: puts },
    { name: "Both", tone: "plain", values: calls.map((value, index) => added(value, puts[index] ?? null)) },
  ];
}

function added(one: number | null, other: number | null): number | null {
  return one === null || other === null ? null : one + other;
}

function bySides(strikes: readonly StrikeLegs[], value: (leg: Leg) => number | null): Series[] {
  const of = (side: Side) => strikes.map(({ [side]: leg }) => (leg === null ? null : value(leg)));
  return [
    { name: "Calls", tone: "call", values: of("ce") },
    { name: "Puts", tone: "put", values: of("pe") },
  ];
}

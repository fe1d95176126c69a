/** The contracts of an underlying as a matrix: a row for each strike, calls on the left, puts on the right. */

import type { Instrument } from "@/market/instruments";

export interface StrikeRow {
  strike: number;
  call: string | null;
  put: string | null;
}

/** The days on which contracts end, soonest first. */
export function expiries(contracts: readonly Instrument[]): string[] {
  return [...new Set(contracts.flatMap(({ expiry }) => expiry ?? []))].sort();
}

/** The rows of one expiry, by strike. */
export function rowsOf(contracts: readonly Instrument[], expiry: string): StrikeRow[] {
  const rows = new Map<number, StrikeRow>();
  for (const contract of contracts) {
    if (contract.expiry === expiry && contract.strike !== null) {
      const row = rows.get(contract.strike) ?? { strike: contract.strike, call: null, put: null };
      rows.set(contract.strike, { ...row, [contract.option_type === "CE" ? "call" : "put"]: contract.instrument });
    }
  }
  return [...rows.values()].sort((one, other) => one.strike - other.strike);
}

/** Where the strike is that is nearest to a price; -1 where there is none or no price. */
export function atTheMoney(rows: readonly StrikeRow[], price: number | null): number {
  if (price === null || rows.length === 0) {
    return -1;
  }
  const distances = rows.map(({ strike }) => Math.abs(strike - price));
  return distances.indexOf(Math.min(...distances));
}

/** The future that ends first on this day or later. */
export function frontFuture(futures: readonly Instrument[], day: string): Instrument | null {
  const open = futures.filter(({ expiry }) => expiry !== null && expiry >= day);
  open.sort((one, other) => (one.expiry ?? "").localeCompare(other.expiry ?? ""));
  return open[0] ?? null;
}

/** The underlying itself: what has its very symbol and is no contract on it. */
export function spotOf(candidates: readonly Instrument[], symbol: string): Instrument | null {
  const own = candidates.filter((one) => one.symbol === symbol && (one.kind === "index" || one.kind === "equity"));
  return own.find(({ kind }) => kind === "index") ?? own[0] ?? null;
}

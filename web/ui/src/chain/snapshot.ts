/** A live option chain at one instant, as the engine tells it. What is null is not known or can not be computed. */

export type Quality = "unknown" | "crossed" | "below_intrinsic" | "stale" | "no_bid" | "good";
export type BuildUp = "long_build_up" | "short_build_up" | "short_covering" | "long_unwinding";

/** One option. Quantities are in units traded, times in milliseconds. */
export interface Leg {
  instrument: string;
  ltp: number | null;
  bid: number | null;
  ask: number | null;
  volume: number | null;
  oi: number | null;
  /** Since the previous close. */
  oi_change: number | null;
  /** Since the first that was heard today. */
  oi_change_open: number | null;
  previous_close: number | null;
  /** Per cent a year. */
  iv: number | null;
  delta: number | null;
  gamma: number | null;
  /** A calendar day. */
  theta: number | null;
  /** For one per cent of volatility. */
  vega: number | null;
  /** Why there is no implied volatility. */
  reason: string | null;
  quote_age_ms: number | null;
  quality: Quality;
  build_up: BuildUp | null;
  /** Whether its quote was asked for, rather than heard on a feed. */
  polled: boolean;
  /** Why its open interest and the changes of it are not known, by their names; what was kept before says nothing. */
  reasons?: Record<string, string>;
}

export interface StrikeLegs {
  strike: number;
  ce: Leg | null;
  pe: Leg | null;
}

export interface Wall {
  strike: number;
  oi: number;
}

export interface ChainSnapshot {
  underlying: string;
  expiry: string;
  expires_at: number;
  as_of: number;
  /** The trading day since whose open changes are counted. */
  day: string | null;
  /** The one since whose close they are. */
  previous_day: string | null;
  spot: number | null;
  /** Since it was told, in milliseconds; of the others likewise. */
  spot_age_ms: number | null;
  future: string | null;
  future_price: number | null;
  future_age_ms: number | null;
  /** The underlying's price for delivery at expiry, which all volatilities and Greeks refer to. */
  forward: number | null;
  forward_source: "future" | "parity" | "spot" | "old_parity" | null;
  /** Since the oldest of the prices that it is made of was told. */
  forward_age_ms: number | null;
  /** Interest, per cent a year. */
  rate: number;
  vix: number | null;
  vix_age_ms: number | null;
  atm: number | null;
  atm_iv: number | null;
  straddle: number | null;
  ce_oi: number | null;
  pe_oi: number | null;
  ce_volume: number | null;
  pe_volume: number | null;
  pcr_oi: number | null;
  pcr_volume: number | null;
  max_pain: number | null;
  ce_walls: Wall[];
  pe_walls: Wall[];
  strikes: StrikeLegs[];
  provider: string;
  /** Why each figure of the whole chain that is null or empty is not known, by its name; an engine before this one says nothing. */
  reasons?: Record<string, string>;
  /** Of one that was asked for: why nobody keeps it fresh; empty when somebody does. */
  degraded?: string;
}

/** What a snapshot says of all legs together. */
export type Summary = Pick<
  ChainSnapshot,
  | "as_of"
  | "spot"
  | "future_price"
  | "forward"
  | "vix"
  | "atm"
  | "atm_iv"
  | "straddle"
  | "ce_oi"
  | "pe_oi"
  | "pcr_oi"
  | "pcr_volume"
  | "max_pain"
  | "reasons"
>;

export type Side = "ce" | "pe";

export const SIDES: Record<Side, string> = { ce: "Calls", pe: "Puts" };

export function channelOf(underlying: string, expiry: string): string {
  return `chain.${underlying}.${expiry}`;
}

/** Where the strike at the money is; -1 while nobody knows. */
export function atTheMoney({ strikes, atm }: ChainSnapshot): number {
  return strikes.findIndex(({ strike }) => strike === atm);
}

/** So many strikes to each side of the money, or of the middle; null: all. */
export function around(chain: ChainSnapshot, reach: number | null): StrikeLegs[] {
  const found = atTheMoney(chain);
  const middle = found >= 0 ? found : Math.floor(chain.strikes.length / 2);
  return reach === null ? chain.strikes : chain.strikes.slice(Math.max(0, middle - reach), middle + reach + 1);
}

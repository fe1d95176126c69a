/** A small chain for tests. */

import type { ChainSnapshot, Leg, StrikeLegs } from "@/chain/snapshot";

export function leg(more: Partial<Leg> = {}): Leg {
  return {
    instrument: "NFO:C",
    ltp: 100,
    bid: 99.5,
    ask: 100.5,
    volume: 75,
    oi: 750,
    oi_change: 75,
    oi_change_open: -75,
    previous_close: 90,
    iv: 12.5,
    delta: 0.5,
    gamma: 0.001,
    theta: -8,
    vega: 11,
    reason: null,
    quote_age_ms: 400,
    quality: "good",
    build_up: "long_build_up",
    polled: false,
    ...more,
  };
}

export function strikes(...values: number[]): StrikeLegs[] {
  return values.map((strike) => ({ strike, ce: leg(), pe: leg({ instrument: "NFO:P" }) }));
}

export function chain(more: Partial<ChainSnapshot> = {}): ChainSnapshot {
  return {
    underlying: "NSE:NIFTY",
    expiry: "2026-11-24",
    expires_at: 1_795_514_400_000,
    as_of: 1_795_255_200_000,
    day: "2026-11-21",
    previous_day: "2026-11-20",
    spot: 26_012,
    spot_age_ms: 300,
    future: "NFO:NIFTY24NOV26FUT",
    future_price: 26_030,
    future_age_ms: 500,
    forward: 26_030,
    forward_source: "future",
    forward_age_ms: 500,
    rate: 6.5,
    vix: 13,
    vix_age_ms: 700,
    atm: 26_050,
    atm_iv: 12.5,
    straddle: 240,
    ce_oi: 1_500,
    pe_oi: 3_000,
    ce_volume: 100,
    pe_volume: 50,
    pcr_oi: 2,
    pcr_volume: 0.5,
    max_pain: 26_000,
    ce_walls: [{ strike: 26_100, oi: 750 }],
    pe_walls: [],
    strikes: strikes(25_950, 26_000, 26_050, 26_100, 26_150),
    provider: "simulator",
    reasons: { pe_walls: "no_interest" },
    ...more,
  };
}

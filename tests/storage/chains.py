"""A small option chain to keep, at one instant after another."""

from datetime import date

from engine.market.chain_snapshot import BuildUp, ChainSnapshot, ForwardSource, Leg, Quality, StrikeLegs, Wall

NIFTY = "NSE:NIFTY"
EXPIRY = date(2026, 11, 24)
NOON_MS = 1_795_156_200_000
"""2026-11-20T06:30:00Z, noon in India and a minute's beginning."""


def snapshot(
    at_ms: int = NOON_MS, *, spot: float | None = 26_000.0, underlying: str = NIFTY, expiry: date = EXPIRY
) -> ChainSnapshot:
    call = Leg(
        instrument="NFO:NIFTY24NOV2626000CE",
        ltp=120.5,
        bid=120.0,
        ask=121.0,
        volume=75_000,
        oi=1_500,
        oi_change=-300,
        iv=12.5,
        priced_by="mid",
        quote_age_ms=40,
        quality=Quality.GOOD,
        build_up=BuildUp.SHORT_COVERING,
    )
    put = Leg(instrument="NFO:NIFTY24NOV2626000PE", reason="nothing was heard of it")
    return ChainSnapshot(
        underlying=underlying,
        expiry=expiry,
        expires_at=NOON_MS + 4 * 86_400_000,
        as_of=at_ms,
        spot=spot,
        forward=26_010.0,
        forward_source=ForwardSource.PARITY,
        atm=26_000.0,
        atm_iv=12.5,
        ce_oi=1_500,
        ce_walls=(Wall(26_000.0, 1_500),),
        strikes=(StrikeLegs(26_000.0, call, put), StrikeLegs(26_050.0)),
        provider="dhan",
        reasons={"straddle": "no_price", "vix": "not_heard", "pe_walls": "not_heard"},
    )

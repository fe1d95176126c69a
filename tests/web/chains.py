"""Options on a share, and chains of them, for the tests of web processes."""

from datetime import UTC, date, datetime, timedelta

from engine.market import Instrument, InstrumentKind
from engine.market.chain_snapshot import BuildUp, ChainSnapshot, Leg, StrikeLegs, Wall
from engine.market.instrument import OptionType
from engine.market.symbols import format_derivative
from engine.storage.durable import DurableStore, Exchange

TCS = "NSE:TCS"
TODAY = datetime.now(UTC).date()
GONE, NEAR, FAR = TODAY - timedelta(days=30), TODAY + timedelta(days=3), TODAY + timedelta(days=31)
STRIKES = (3_000.0, 3_050.0, 3_100.0)
NOON_MS = int(datetime(GONE.year, GONE.month, GONE.day, 6, 30, tzinfo=UTC).timestamp() * 1_000)
"""Noon in India."""


async def list_options(durable: DurableStore) -> None:
    """Options on TCS, of three days; those of the first are over."""
    options = [
        Instrument(0, "NFO", name, name, InstrumentKind.OPTION, 0.05, 175, expiry, strike, side, "TCS")
        for expiry in (GONE, NEAR, FAR)
        for strike in (STRIKES if expiry == NEAR else STRIKES[:2])
        for side in OptionType
        for name in [format_derivative("TCS", expiry, strike, side)]
    ]
    await durable.seed([Exchange("NFO", "NSE derivatives", "Asia/Kolkata", is_24_hours=True)], options, [])
    await durable.retire_expired(TODAY)


async def list_gold(durable: DurableStore) -> str:
    """Options on a future on gold, which is nothing that is listed; the future."""
    future = format_derivative("GOLD", FAR)
    option = format_derivative("GOLD", NEAR, 120_000.0, OptionType.CALL)
    contracts = [
        Instrument(0, "MCX", future, future, InstrumentKind.FUTURE, 1.0, 1, FAR, underlying="GOLD"),
        Instrument(0, "MCX", option, option, InstrumentKind.OPTION, 1.0, 1, NEAR, 120_000.0, OptionType.CALL, "GOLD"),
    ]
    await durable.seed([Exchange("MCX", "Multi Commodity Exchange", "Asia/Kolkata")], contracts, [])
    return f"MCX:{future}"


def snapshot(as_of: int, *, spot: float = 3_052.0, expiry: date = NEAR) -> ChainSnapshot:
    call = Leg(instrument="NFO:C", ltp=41.5, oi=1_750, oi_change=350, volume=700, build_up=BuildUp.LONG_BUILD_UP)
    put = Leg(
        instrument="NFO:P", oi=3_500, oi_change_open=-175, reason="no price", reasons={"oi_change": "no_baseline"}
    )
    return ChainSnapshot(
        underlying=TCS,
        expiry=expiry,
        expires_at=as_of + 86_400_000,
        as_of=as_of,
        day=date(2026, 11, 20),
        previous_day=date(2026, 11, 19),
        spot=spot,
        atm=3_050.0,
        atm_iv=18.5,
        straddle=80.25,
        ce_oi=1_750,
        pe_oi=3_500,
        ce_volume=700,
        pcr_oi=2.0,
        max_pain=3_050.0,
        ce_walls=(Wall(3_050.0, 1_750),),
        reasons={
            "forward": "not_heard",
            "pe_volume": "not_heard",
            "pcr_volume": "not_heard",
            "pe_walls": "no_interest",
        },
        strikes=(StrikeLegs(3_050.0, call, put), StrikeLegs(3_100.0, call)),
        provider="simulator",
    )

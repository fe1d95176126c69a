"""Option chains as they were: a day of them is read back as it was seen."""

from datetime import date, timedelta

import msgspec
import pytest

from engine.market.chain_summary import ChainSummary
from engine.market.instrument import Instrument, InstrumentKind
from engine.storage.durable import DurableStore, Exchange
from tests.storage.chains import EXPIRY, NIFTY, NOON_MS, snapshot
from tests.storage.durable.seeds import NSE

pytestmark = pytest.mark.anyio

MS_NS = 1_000_000
MINUTE_MS = 60_000
NOON = NOON_MS * MS_NS
HOUR = 3_600 * 10**9


@pytest.fixture
async def listed(durable: DurableStore) -> DurableStore:
    """A store that knows the index."""
    await durable.seed([NSE], [Instrument(0, "NSE", "NIFTY", "Nifty 50", InstrumentKind.INDEX, 0.05)], [])
    return durable


async def test_snapshots_come_back_as_they_were_in_their_order(listed: DurableStore) -> None:
    told = [snapshot(NOON_MS + number * MINUTE_MS + 40, spot=26_000.0 + number) for number in range(5)]
    await listed.chains.save(told[3:])
    await listed.chains.save(told[:3])

    found = await listed.chains.snapshots(NIFTY, EXPIRY, NOON, NOON + HOUR)
    assert found == told
    assert await listed.chains.snapshots(NIFTY, EXPIRY, NOON, NOON + HOUR, limit=2) == told[:2]
    second = NOON + (MINUTE_MS + 40) * MS_NS
    assert await listed.chains.snapshots(NIFTY, EXPIRY, second, second + 2 * MINUTE_MS * MS_NS) == told[1:3]
    assert await listed.chains.snapshots(NIFTY, EXPIRY, second + 1, second + MINUTE_MS * MS_NS) == []
    assert await listed.chains.snapshots(NIFTY, EXPIRY + timedelta(days=7), NOON, NOON + HOUR) == []
    assert await listed.chains.snapshots("NSE:BANKNIFTY", EXPIRY, NOON, NOON + HOUR) == []


async def test_of_each_minute_the_first_snapshot_stays(listed: DurableStore) -> None:
    first, again, next_one = (snapshot(NOON_MS + later) for later in (100, 59_900, 60_000))
    for told in (first, again, next_one, first):
        await listed.chains.save([told])
    assert await listed.chains.snapshots(NIFTY, EXPIRY, NOON, NOON + HOUR) == [first, next_one]


async def test_a_chain_is_found_as_it_was_at_any_instant(listed: DurableStore) -> None:
    first, second = snapshot(NOON_MS + 40), snapshot(NOON_MS + MINUTE_MS + 70)
    await listed.chains.save([first, second])
    at = {0: None, 39: None, 40: first, 60_069: first, 60_070: second, 10**8: second}
    found = {later: await listed.chains.snapshot_at(NIFTY, EXPIRY, (NOON_MS + later) * MS_NS) for later in at}
    assert found == at


async def test_the_figures_of_a_day_are_read_without_the_legs(listed: DurableStore) -> None:
    full = snapshot(NOON_MS + 40)
    figures = {"straddle": 240.5, "pcr_oi": 1.25, "pcr_volume": 0.75, "max_pain": 26_050.0, "vix": 11.5, "pe_oi": 9}
    full = msgspec.structs.replace(full, future_price=26_020.0, **figures)
    bare = snapshot(NOON_MS + MINUTE_MS, spot=None)
    await listed.chains.save([full, bare])
    found = await listed.chains.summaries(NIFTY, EXPIRY, NOON, NOON + HOUR)
    assert found == [ChainSummary.of(full), ChainSummary.of(bare)]
    assert found[1].reasons == {"straddle": "no_price", "vix": "not_heard"}
    assert (found[0].straddle, found[0].as_of, found[1].spot, found[1].pcr_oi) == (240.5, NOON_MS + 40, None, None)


async def test_a_chain_of_options_on_futures_is_kept_though_what_they_are_on_is_no_instrument(
    listed: DurableStore,
) -> None:
    mcx = Exchange("MCX", "Multi Commodity Exchange", "Asia/Kolkata")
    futures = [
        Instrument(0, "MCX", f"GOLD{day}FUT", "Gold", InstrumentKind.FUTURE, 1.0, underlying="GOLD")
        for day in ("04DEC26", "05FEB27")
    ]
    silver = Instrument(0, "MCX", "SILVER04DEC26FUT", "Silver", InstrumentKind.FUTURE, 1.0, underlying="SILVER")
    await listed.seed([mcx], [*futures, silver], [])
    gold = snapshot(underlying="MCX:GOLD")
    told = [
        msgspec.structs.replace(gold, as_of=NOON_MS + at * MINUTE_MS, future=future.canonical)
        for at, future in enumerate(futures)
    ]
    white = msgspec.structs.replace(gold, underlying="MCX:SILVER", future=silver.canonical)
    await listed.chains.save([*told, white])

    assert await listed.chains.snapshots("MCX:GOLD", EXPIRY, NOON, NOON + HOUR) == told
    assert await listed.chains.summaries("MCX:GOLD", EXPIRY, NOON, NOON + HOUR) == [
        ChainSummary.of(one) for one in told
    ]
    assert await listed.chains.snapshot_at("MCX:GOLD", EXPIRY, NOON + 2 * MINUTE_MS * MS_NS) == told[1]
    assert await listed.chains.snapshots("MCX:SILVER", EXPIRY, NOON, NOON + HOUR) == [white]
    assert await listed.chains.snapshots("NSE:GOLD", EXPIRY, NOON, NOON + HOUR) == []


async def test_a_chain_of_an_instrument_that_no_table_knows_keeps_no_other_from_being_saved(
    listed: DurableStore,
) -> None:
    await listed.chains.save([snapshot(underlying="NSE:UNKNOWN"), snapshot()])
    await listed.chains.save([])
    assert await listed.chains.snapshots("NSE:UNKNOWN", EXPIRY, NOON, NOON + HOUR) == []
    assert await listed.chains.summaries(NIFTY, date(2026, 11, 24), NOON, NOON + HOUR) == [ChainSummary.of(snapshot())]

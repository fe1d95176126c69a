"""The quarantine's table: each price once, decided once, and found again by number, status and instrument."""

import msgspec
import pytest

from engine.market import Tick
from engine.market.quarantine import BarFinding, Fate, Quarantined, Suspect
from engine.storage.durable import DurableStore
from engine.storage.durable.quarantine import RESTART
from tests.market.builders import minute
from tests.storage.durable.seeds import seeded

pytestmark = pytest.mark.anyio

AT = 1_795_069_800_000_000_000
TICK = Tick("NSE:TCS", 120.0, 5, 1_000, AT, AT + 5, "dhan", 7, day_high=101.0, day_low=99.0)


def entry(status: Fate = Fate.HELD, decided_by: str = "", *, symbol: str = "TCS", after_s: int = 0) -> Quarantined:
    tick = msgspec.structs.replace(TICK, instrument=f"NSE:{symbol}", ts_event=AT + after_s * 1_000_000_000)
    return Quarantined.of_tick(Suspect(tick, 100.0, 5.0), status, decided_by)


async def test_an_entry_keeps_what_spoke_against_the_price_and_gives_the_tick_back(durable: DurableStore) -> None:
    await seeded(durable)
    await durable.note_quarantined([entry()])
    [kept] = await durable.quarantined()
    assert (kept.instrument, kept.kind, kept.ts_ns, kept.price) == ("NSE:TCS", "tick", AT, 120.0)
    assert kept.reason == "jumped 20 from 100, limit 5"
    assert (kept.evidence["day_high"], kept.evidence["limit"], kept.evidence["size"]) == (101.0, 5.0, 5)
    assert kept.tick() == msgspec.structs.replace(TICK, day_high=None, day_low=None)
    assert (kept.status, kept.decided_by, kept.decided_ns) == (Fate.HELD, "", 0)
    assert kept.noted_ns > 0
    assert await durable.quarantined_entry(kept.id) == kept
    assert await durable.quarantined_entry(kept.id + 1) is None


async def test_what_becomes_of_a_held_price_is_noted_once(durable: DurableStore) -> None:
    await seeded(durable)
    await durable.note_quarantined([entry(), entry(Fate.RELEASED, "ticks")])
    await durable.note_quarantined([entry(after_s=1)])
    await durable.note_quarantined([entry(Fate.DISCARDED, "ticks", after_s=1)])
    await durable.note_quarantined([entry(), entry(after_s=1)])
    newest, oldest = await durable.quarantined()
    assert (oldest.status, oldest.decided_by) == (Fate.RELEASED, "ticks")
    assert (newest.status, newest.decided_by) == (Fate.DISCARDED, "ticks")
    assert newest.decided_ns > 0


async def test_an_operator_changes_what_was_decided(durable: DurableStore) -> None:
    await seeded(durable)
    await durable.note_quarantined([entry(Fate.DISCARDED, "ticks")])
    [kept] = await durable.quarantined()
    assert await durable.decide_quarantined(kept.id, Fate.RELEASED, "admin")
    assert not await durable.decide_quarantined(kept.id, Fate.RELEASED, "admin")
    assert not await durable.decide_quarantined(kept.id + 1, Fate.RELEASED, "admin")
    await durable.note_quarantined([entry(Fate.DISCARDED, "ticks")])  # a repeat does not undo it
    [changed] = await durable.quarantined()
    assert (changed.status, changed.decided_by) == (Fate.RELEASED, "admin")


async def test_entries_are_listed_newest_first_in_pages(durable: DurableStore) -> None:
    await seeded(durable)
    for second in range(5):
        await durable.note_quarantined([entry(after_s=second, symbol="TCS" if second % 2 else "INFY")])
    first = await durable.quarantined(limit=2)
    rest = await durable.quarantined(before_id=first[-1].id)
    assert [one.ts_ns for one in (*first, *rest)] == [AT + second * 1_000_000_000 for second in (4, 3, 2, 1, 0)]
    assert len(await durable.quarantined(instrument="NSE:TCS")) == 2
    assert await durable.quarantined(instrument="NSE:NOBODY") == []
    assert await durable.quarantined(status=Fate.RELEASED) == []
    assert len(await durable.quarantined(status=Fate.HELD, instrument="NSE:INFY")) == 3


async def test_what_an_engine_before_this_one_left_held_is_closed(durable: DurableStore) -> None:
    await seeded(durable)
    await durable.note_quarantined([entry(), entry(Fate.RELEASED, "ticks", after_s=1)])
    assert await durable.close_quarantined(RESTART) == 1
    assert await durable.close_quarantined(RESTART) == 0
    assert [one.decided_by for one in await durable.quarantined(status=Fate.DISCARDED)] == [RESTART]
    await durable.note_quarantined([entry(Fate.RELEASED, "ticks")])  # only its keeper was restarted
    assert [one.decided_by for one in await durable.quarantined(status=Fate.RELEASED)] == ["ticks", "ticks"]


async def test_bars_without_numbers_and_instruments_nobody_knows_do_no_harm(durable: DurableStore) -> None:
    await seeded(durable)
    bar = msgspec.structs.replace(minute(AT), instrument="NSE:TCS", close=float("nan"))
    finding = BarFinding(bar, "prices are not all numbers above 0")
    await durable.note_quarantined([Quarantined.of_bar(finding, Fate.DISCARDED, "history"), entry(symbol="NOBODY")])
    [kept] = await durable.quarantined()
    assert (kept.kind, kept.price, kept.evidence["close"]) == ("bar", 0.0, None)
    await durable.note_quarantined([])

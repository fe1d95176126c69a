"""Ticks in PostgreSQL: each once however often it is saved, read back as they were."""

from typing import Any

import msgspec
import pytest

from actors.unsaved_ticks import UnsavedTicks
from engine.market.kept_tick import KeptTick
from engine.storage.durable import DurableStore
from engine.storage.errors import UnfitRowError
from engine.storage.memory import MemoryDurableStore
from tests.storage.conftest import ON_POSTGRESQL
from tests.storage.durable.seeds import SYMBOLS, seeded

pytestmark = pytest.mark.anyio

MORNING_US = 1_795_060_800_000_000
"""2026-11-19 04:00 UTC."""
EVER = 0, 2 * MORNING_US


def ticks(count: int, symbol: str = "TCS", since_us: int = MORNING_US) -> list[KeptTick]:
    return [kept(symbol, since_us + number) for number in range(count)]


def kept(symbol: str, received_us: int) -> KeptTick:
    return KeptTick(f"NSE:{symbol}", received_us, received_us - 40, 100.05, 5, 2, 10**10, 7, 100.0, 100.1, "dhan")


async def keep(store: DurableStore, symbol: str) -> None:
    if isinstance(store, MemoryDurableStore):
        store.tables.tick_keeping.add(f"NSE:{symbol}")
    else:
        await store._link.value("UPDATE instruments SET keep_ticks = true WHERE symbol = $1", symbol)


async def test_they_come_back_as_they_were_in_the_order_in_which_they_came(durable: DurableStore) -> None:
    await seeded(durable)
    blank = msgspec.structs.replace(
        kept("TCS", MORNING_US + 9), volume=None, open_interest=None, bid=None, ask=None, provider="yahoo"
    )
    told = [*ticks(3), blank]
    assert await durable.ticks.save([*reversed(told), *ticks(2, "INFY")]) == 6
    assert await durable.ticks.read("NSE:TCS", *EVER, limit=10) == told
    assert await durable.ticks.read("NSE:TCS", MORNING_US + 1, MORNING_US + 9, limit=10) == told[1:3]
    assert await durable.ticks.read("NSE:TCS", *EVER, limit=2) == told[:2]
    assert await durable.ticks.read("NSE:TCS", *EVER, limit=2, newest_first=True) == told[:1:-1]
    assert await durable.ticks.read("NSE:NONE", *EVER, limit=10) == []


async def test_what_is_saved_twice_is_there_once(durable: DurableStore) -> None:
    await seeded(durable)
    assert await durable.ticks.save(ticks(2_500)) == 2_500
    assert await durable.ticks.save(ticks(2_500)) == 0
    changed = [msgspec.structs.replace(tick, price=1.0) for tick in ticks(2_502)]
    assert await durable.ticks.save(changed) == 2
    found = await durable.ticks.read("NSE:TCS", *EVER, limit=5_000)
    assert [tick.price for tick in found] == [100.05] * 2_500 + [1.0] * 2


UNFIT = [
    pytest.param({"size": 2**63}, id="a number out of range"),
    pytest.param({"provider": "a\0b"}, id="a text that PostgreSQL refuses"),
    pytest.param({"received_us": 2**62}, id="a day that no calendar has"),
]


@ON_POSTGRESQL
@pytest.mark.parametrize("wrong", UNFIT)
async def test_one_that_can_never_be_held_keeps_back_no_other(durable: DurableStore, wrong: dict[str, Any]) -> None:
    await seeded(durable)
    told = ticks(7)
    told[4] = msgspec.structs.replace(told[4], **wrong)
    with pytest.raises(UnfitRowError):
        await durable.ticks.save(told)
    unsaved = UnsavedTicks(durable.ticks)
    unsaved.resume(told, 0)
    await unsaved.save(len(unsaved))
    assert await durable.ticks.read("NSE:TCS", *EVER, limit=10) == [*told[:4], *told[5:]]
    assert (len(unsaved), unsaved.saved, unsaved.refused) == (0, 6, 1)


@ON_POSTGRESQL
async def test_what_is_wrong_with_the_table_is_no_ticks_fault(durable: DurableStore) -> None:
    await seeded(durable)
    await durable._link.value("ALTER TABLE ticks RENAME TO elsewhere")
    unsaved = UnsavedTicks(durable.ticks)
    unsaved.resume(ticks(3), 0)
    await unsaved.save(len(unsaved))
    assert (len(unsaved), unsaved.refused) == (3, 0)
    await durable._link.value("ALTER TABLE elsewhere RENAME TO ticks")
    await unsaved.save(len(unsaved))
    assert (len(unsaved), unsaved.saved) == (0, 3)


async def test_those_of_unknown_instruments_are_left_out(durable: DurableStore) -> None:
    await seeded(durable)
    assert await durable.ticks.save([*ticks(1), *ticks(1, "NONE")]) == 1
    assert await durable.ticks.save(ticks(1, "NONE")) == 0
    assert await durable.ticks.save([]) == 0


async def test_ticks_are_kept_only_of_active_instruments_that_were_chosen(durable: DurableStore) -> None:
    await seeded(durable)
    assert await durable.ticks.kept() == []
    for symbol in SYMBOLS[::-1]:
        await keep(durable, symbol)
    assert await durable.ticks.kept() == [f"NSE:{symbol}" for symbol in SYMBOLS]


async def test_a_list_that_is_read_again_does_not_end_the_keeping(durable: DurableStore) -> None:
    await seeded(durable)
    await keep(durable, "TCS")
    await seeded(durable)
    assert await durable.ticks.kept() == ["NSE:TCS"]

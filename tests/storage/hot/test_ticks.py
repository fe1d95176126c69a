"""Recent ticks: the newest of each instrument, in order, each once however often it is written."""

import msgspec
import pytest

from engine.market.kept_tick import KeptTick
from engine.storage.hot import HotStore
from engine.storage.hot.keys import DAY_S, TICKS_LENGTH

pytestmark = pytest.mark.anyio

AT_US = 1_795_069_800_000_998


def ticks(count: int, instrument: str = "NSE:A") -> list[KeptTick]:
    first = KeptTick(instrument, AT_US, AT_US - 40, 100.05, 5, 2, 10**10, None, 100.0, None, "dhan")
    return [msgspec.structs.replace(first, received_us=AT_US + number) for number in range(count)]


async def test_they_come_back_as_they_were_by_instrument_and_time_of_receipt(hot: HotStore) -> None:
    told = ticks(5)
    await hot.write_ticks([*told[:2], *ticks(1, "NSE:B"), *told[2:]])
    assert await hot.recent_ticks(["NSE:A", "NSE:B", "NSE:C"]) == {"NSE:A": told, "NSE:B": ticks(1, "NSE:B")}
    assert await hot.recent_ticks(["NSE:A"], AT_US + 1, AT_US + 4) == {"NSE:A": told[1:4]}
    assert await hot.recent_ticks(["NSE:A"], AT_US + 5) == {}
    assert await hot.recent_ticks([]) == {}


async def test_what_is_written_again_is_there_once(hot: HotStore) -> None:
    await hot.write_ticks(ticks(3))
    await hot.write_ticks(ticks(5))
    await hot.write_ticks([])
    assert await hot.recent_ticks(["NSE:A"]) == {"NSE:A": ticks(5)}


async def test_only_the_newest_stay(hot: HotStore) -> None:
    told = ticks(2 * TICKS_LENGTH)
    for start in range(0, len(told), 300):
        await hot.write_ticks(told[start : start + 300])
    found = (await hot.recent_ticks(["NSE:A"]))["NSE:A"]
    assert TICKS_LENGTH <= len(found) <= TICKS_LENGTH * 9 // 8
    assert found == told[-len(found) :]


async def test_what_postgresql_lacks_stays_beside_the_newest(hot: HotStore) -> None:
    told = ticks(4 * TICKS_LENGTH)
    for start in range(0, len(told), 500):
        await hot.write_ticks(told[start : start + 500], unsaved={"NSE:A": start + 500})
    assert (await hot.recent_ticks(["NSE:A"]))["NSE:A"] == told
    assert await hot.newest_ticks(["NSE:A", "NSE:B"]) == {"NSE:A": told[-1]}
    assert await hot._link.call("TTL", "ticks:NSE:A") > 6 * DAY_S, "it may have to wait over a weekend"
    for number in range(40):  # once it is saved it goes, by and by
        await hot.write_ticks([msgspec.structs.replace(told[-1], received_us=AT_US + 10_000 + number)])
    assert TICKS_LENGTH <= len((await hot.recent_ticks(["NSE:A"]))["NSE:A"]) <= TICKS_LENGTH * 9 // 8


async def test_who_is_kept_and_what_is_saved_is_remembered(hot: HotStore) -> None:
    assert (await hot.saved_until(), await hot.remembered_kept()) == (None, {})
    await hot.note_saved(AT_US)
    await hot.remember_kept({"NSE:A": True, "NSE:NIFTY": False})
    assert (await hot.saved_until(), await hot.remembered_kept()) == (AT_US, {"NSE:A": True, "NSE:NIFTY": False})
    await hot.remember_kept({})
    assert await hot.remembered_kept() == {}

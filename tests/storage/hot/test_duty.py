"""Leases, signs of life and maps."""

import anyio
import pytest

from engine.storage.hot import HotStore

pytestmark = pytest.mark.anyio


async def test_one_engine_holds_the_lease_until_it_gives_it_back(hot: HotStore) -> None:
    assert await hot.acquire_lease("one", 15)
    assert await hot.acquire_lease("one", 15)
    assert not await hot.acquire_lease("two", 15)
    await hot.release_lease("two")
    assert await hot.lease_owner() == "one"

    await hot.release_lease("one")

    assert await hot.lease_owner() is None
    assert await hot.acquire_lease("two", 15)


async def test_a_lease_that_is_not_renewed_lapses(hot: HotStore) -> None:
    assert await hot.acquire_lease("one", 0.02)
    await anyio.sleep(0.03)
    assert await hot.acquire_lease("two", 15)


async def test_a_heartbeat_is_read_back_and_expires(hot: HotStore) -> None:
    assert await hot.heartbeat() is None
    await hot.write_heartbeat({"engine": "one", "time": 17, "feeds": {"dhan": "live"}})
    assert await hot.heartbeat() == {"engine": "one", "time": 17, "feeds": {"dhan": "live"}}
    assert 58 <= await hot._link.call("TTL", "market_stream:heartbeat") <= 60  # pyright: ignore[reportPrivateUsage]


async def test_what_was_seen_and_saved_is_remembered(hot: HotStore) -> None:
    assert await hot.get_seen("dhan") is None
    await hot.set_seen("dhan", 1_763_600_400_123_456_789)
    await hot.set_last_save(5, 17)
    assert await hot.get_seen("dhan") == 1_763_600_400_123_456_789
    assert await hot._link.call("GET", "last_save_time:5m") == b"17"  # pyright: ignore[reportPrivateUsage]


async def test_open_gaps_are_noted_as_a_whole(hot: HotStore) -> None:
    assert await hot.healing() == {}
    await hot.set_healing({"NSE:A": [(17, 1_763_600_400_123_456_789)], "NSE:B": [(1, 2)]})
    await hot.set_healing({"NSE:B": [(1, 3), (7, 9)]})
    assert await hot.healing() == {"NSE:B": ((1, 3), (7, 9))}
    await hot.change_healing({"NSE:A": [(5, 6)], "NSE:C": [(1, 2)]}, ["NSE:B", "NSE:NOPE"])
    assert await hot.healing() == {"NSE:A": ((5, 6),), "NSE:C": ((1, 2),)}
    await hot.change_healing({}, ["NSE:C"])
    await hot.change_healing({}, [])
    assert await hot.healing() == {"NSE:A": ((5, 6),)}
    await hot.set_healing({})
    assert await hot.healing() == {}


async def test_maps_are_replaced_as_a_whole(hot: HotStore) -> None:
    await hot.set_maps("dhan", {"NSE:A": "NSE_EQ|1", "NSE:B": "NSE_EQ|2"}, {"NSE_EQ:1": "NSE:A", "NSE_EQ:2": "NSE:B"})
    forward = {f"NSE:S{number}": f"NSE_EQ|{number}" for number in range(12_000)}
    await hot.set_maps("dhan", forward, {"NSE_EQ:7": "NSE:S7"})

    assert await hot._link.call("HMGET", "map:dhan", "NSE:S11999", "NSE:A") == [b"NSE_EQ|11999", None]  # pyright: ignore[reportPrivateUsage]
    assert await hot._link.call("HMGET", "map:dhan:reverse", "NSE_EQ:7", "NSE_EQ:1") == [b"NSE:S7", None]  # pyright: ignore[reportPrivateUsage]
    assert await hot._link.call("HLEN", "map:dhan") == 12_000  # pyright: ignore[reportPrivateUsage]

    await hot.set_maps("dhan", {}, {})
    assert await hot._link.call("EXISTS", "map:dhan", "map:dhan:reverse") == 0  # pyright: ignore[reportPrivateUsage]


async def test_statuses_of_instruments_are_added_to_unless_they_begin_anew(hot: HotStore) -> None:
    live = {"status": "live", "since": 7, "why": "", "cause": "live"}
    closed = live | {"status": "closed", "cause": "halted"}
    assert await hot.statuses() == {}
    await hot.set_statuses({"NSE:A": live, "NSE:B": live})
    await hot.set_statuses({"NSE:B": closed})
    await hot.set_statuses({})
    assert await hot.statuses() == {"NSE:A": live, "NSE:B": closed}
    await hot.set_statuses({"NSE:A": None, "NSE:B": live})
    assert await hot.statuses() == {"NSE:B": live}
    await hot.set_statuses({"NSE:C": live}, anew=True)
    assert await hot.statuses() == {"NSE:C": live}


async def test_paces_are_kept_as_they_are(hot: HotStore) -> None:
    assert await hot.paces() == {}
    await hot.set_paces({"NSE:A": (7_200.5, 12.25)})
    assert await hot.paces() == {"NSE:A": (7_200.5, 12.25)}

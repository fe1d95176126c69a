"""The stores without servers: they leave out no method, expire by the clock they are given, and run on trio as they are.

That they do what the real ones do, the suites of the real ones say, which run on both.
"""

import inspect
from importlib.resources import files

import pytest
import trio

from engine.storage.durable import DurableStore
from engine.storage.durable.chains import ChainSnapshots
from engine.storage.errors import DurableStoreUnavailableError, HotStoreError, HotStoreUnavailableError
from engine.storage.hot.link import Script
from engine.storage.memory import MemoryDurableStore, MemoryHotStore
from engine.storage.memory.chains import MemoryChainSnapshots
from engine.storage.memory.scripts import Scripts
from tests.storage.samples import MINUTE_NS, NOW, bar, bars, report

MADE_OF_OTHERS = {"candles", "connect"}
"""Methods of the real store that ask nothing but its other methods, and one that a store without a server does not need."""


class Clock:
    """Stands until it is told to go on."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        return self.now


@pytest.mark.parametrize(
    ("real", "double"), [(DurableStore, MemoryDurableStore), (ChainSnapshots, MemoryChainSnapshots)]
)
def test_no_method_of_the_durable_store_is_left_to_a_server(real: type, double: type) -> None:
    names = {name for name, value in inspect.getmembers(real) if inspect.iscoroutinefunction(value)}
    left = {name for name in names if name[0] != "_" and not _is_own(getattr(double, name))}
    assert left <= MADE_OF_OTHERS


def _is_own(method: object) -> bool:
    return str(getattr(method, "__module__", "")).startswith("engine.storage.memory.")


def test_every_script_has_its_twin_except_those_of_the_timeseries_module() -> None:
    scripts = {file.name.removesuffix(".lua") for file in files("engine.storage.hot").joinpath("scripts").iterdir()}
    twins = Scripts(MemoryHotStore().link.space).twins()
    assert scripts - twins.keys() == {"create_series", "read_series", "name_sources"}


async def test_prices_expire_by_the_clock_that_was_given() -> None:
    clock = Clock()
    store = MemoryHotStore(clock)
    await store.write_live([report()])
    clock.now += 29 * 10**9
    assert await store.prices(["NSE_EQ:1333"]) == [2459.95]
    clock.now += 1 * 10**9

    assert await store.prices(["NSE_EQ:1333"]) == [None]
    assert (await store.quotes(["NSE:RELIANCE"])).keys() == {"NSE:RELIANCE"}


async def test_old_candles_make_way_by_their_own_time() -> None:
    store = MemoryHotStore(retention_days=1)
    await store.write_candles([bar(minutes_ago=ago) for ago in range(3 * 1440, 0, -1)])
    kept = await store.candles("NSE:RELIANCE", "1m", 0, NOW)
    assert 1440 <= len(kept) <= 1440 + 256


async def test_who_waits_for_an_entry_hears_of_it_when_it_is_written(autojump_clock: trio.testing.MockClock) -> None:
    store = MemoryHotStore()
    async with trio.open_nursery() as nursery:

        async def ask() -> None:
            assert await store.send_command("engine", {"action": "inspect"}, timeout_s=5) == {"done": True}

        nursery.start_soon(ask)
        [(_, command)] = await store.read_commands("engine", "0", block_ms=3_000)
        await store.reply(command["id"], {"done": True})
    assert await store.read_events("0", block_ms=2_000) == []
    assert trio.current_time() >= 2


async def test_a_listener_that_falls_far_behind_is_cut_off() -> None:
    store = MemoryHotStore()
    async with store.subscribe("market_data") as messages:
        for _ in range(10_001):
            await store.publish("market_data", b"x")
        for _ in range(10_000):
            await messages.receive()
        with pytest.raises(HotStoreUnavailableError):
            await messages.receive()


async def test_stores_that_are_away_fail_as_servers_that_are_down() -> None:
    hot, durable = MemoryHotStore(), MemoryDurableStore()
    await hot.write_candles(bars(2))
    hot.link.away = durable.tables.away = True
    with pytest.raises(HotStoreUnavailableError):
        await hot.candles("NSE:RELIANCE", "1m", 0, NOW)
    with pytest.raises(DurableStoreUnavailableError):
        await durable.save(bars(2))

    hot.link.away = durable.tables.away = False

    assert await hot.candles("NSE:RELIANCE", "1m", NOW - 9 * MINUTE_NS, NOW) == bars(2)
    assert await durable.candles("NSE:RELIANCE", "1m", 0, NOW) == []


async def test_what_it_does_not_know_is_refused_not_ignored() -> None:
    store = MemoryHotStore()
    with pytest.raises(HotStoreError, match="unknown command BITCOUNT"):
        await store.link.call("BITCOUNT", "a")
    with pytest.raises(HotStoreError, match="no script read_series"):
        await store.link.run(Script("read_series"), [])
    await store.link.call("SET", "seen", "not a hash")
    with pytest.raises(HotStoreError, match="WRONGTYPE"):
        await store.set_seen("dhan", 1)

"""What chains tell goes to web processes and into both stores; while one is away the newest, and the minutes, wait."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import msgspec
import trio

from actors.chain_keeper import ChainKeeper
from actors.chain_publisher import ChainPublisher
from actors.channels import LIVE_CHAINS
from actors.messages import ChainMinute, ChainTold, Count
from actors.unsaved_chains import MOST
from engine.market import Instrument, InstrumentKind
from engine.market.chain_snapshot import ChainSnapshot
from engine.runtime import Actor, ActorRef, ActorSystem
from engine.seeding import exchanges
from engine.storage.memory import MemoryDurableStore, MemoryHotStore
from tests.actors.parts import NOON, among_witnesses
from tests.storage.chains import EXPIRY, NIFTY, NOON_MS, snapshot

MINUTE_MS = 60_000


@asynccontextmanager
async def publishing(hot: MemoryHotStore) -> AsyncGenerator[ActorRef]:
    async with among_witnesses(lambda _: ChainPublisher(hot)) as (system, _):
        yield system.ref("/engine/subject")


async def listed() -> MemoryDurableStore:
    durable = MemoryDurableStore()
    await durable.seed(exchanges(), [Instrument(0, "NSE", "NIFTY", "Nifty", InstrumentKind.INDEX, 0.05)], [])
    return durable


def chain_keeper(durable: MemoryDurableStore) -> Callable[[ActorSystem], Actor]:
    return lambda system: ChainKeeper(durable, publisher=system.ref("/engine/publisher"))


async def saved(durable: MemoryDurableStore) -> list[ChainSnapshot]:
    return await durable.chains.snapshots(NIFTY, EXPIRY, 0, 2**62, limit=2 * MOST)


async def test_each_telling_is_published_in_order_and_soon_in_the_store(autojump_clock: Any) -> None:
    hot = MemoryHotStore(lambda: NOON)
    async with publishing(hot) as publisher, hot.subscribe(LIVE_CHAINS) as messages:
        heard: list[Any] = []
        for number in range(3):
            publisher.tell(ChainTold(snapshot(NOON_MS + number)))
            heard.append(msgspec.msgpack.decode((await messages.receive())[1]))
        assert [(offset, underlying, expiry, as_of) for _, _, offset, underlying, expiry, as_of, _ in heard] == [
            (number + 1, NIFTY, "2026-11-24", NOON_MS + number) for number in range(3)
        ]
        assert heard[0][-1]["strikes"][0]["ce"]["ltp"] == 120.5
        await trio.sleep(1)
        assert await hot.chain(NIFTY, EXPIRY) == snapshot(NOON_MS + 2)
        assert await publisher.ask(Count(), timeout_s=1) == {"chains_published": 3}


async def test_while_the_hot_store_is_away_the_newest_waits(autojump_clock: Any) -> None:
    hot = MemoryHotStore(lambda: NOON)
    async with publishing(hot) as publisher:
        hot.link.away = True
        for number in range(5):
            publisher.tell(ChainTold(snapshot(NOON_MS + number)))
            await trio.sleep(0.3)
        hot.link.away = False
        await trio.sleep(1)
        assert await hot.chain(NIFTY, EXPIRY) == snapshot(NOON_MS + 4)


async def test_minutes_are_saved_within_seconds_and_when_the_engine_stops(autojump_clock: Any) -> None:
    durable = await listed()
    async with among_witnesses(chain_keeper(durable), "publisher") as (system, _):
        keeper = system.ref("/engine/subject")
        keeper.tell(ChainMinute(snapshot(NOON_MS)))
        await trio.sleep(6)
        assert await saved(durable) == [snapshot(NOON_MS)]
        keeper.tell(ChainMinute(snapshot(NOON_MS + MINUTE_MS)))
    assert len(await saved(durable)) == 2


async def test_while_the_database_is_away_minutes_wait_and_beyond_their_bound_the_oldest_go(
    autojump_clock: Any,
) -> None:
    durable = await listed()
    async with among_witnesses(chain_keeper(durable), "publisher") as (system, seen):
        keeper = system.ref("/engine/subject")
        durable.tables.away = True
        for number in range(MOST + 5):
            keeper.tell(ChainMinute(snapshot(NOON_MS + number * MINUTE_MS)))
            await trio.sleep(0.01)
        told = await keeper.ask(Count(), timeout_s=1)
        assert told == {"chains_saved": 0, "chains_unsaved": MOST, "chains_dropped": 5}
        assert [alert.words.partition(":")[0] for alert in seen["publisher"]] == ["Snapshots of option chains are lost"]
        durable.tables.away = False
        await trio.sleep(6)
        kept = await saved(durable)
        assert (len(kept), kept[0].as_of) == (MOST, NOON_MS + 5 * MINUTE_MS)


async def test_a_database_that_hangs_stops_no_snapshot_from_being_taken_and_all_are_saved_once_it_answers(
    autojump_clock: Any,
) -> None:
    durable = await listed()
    async with among_witnesses(chain_keeper(durable), "publisher") as (system, seen):
        keeper = system.ref("/engine/subject")
        hanging = durable.tables.hanging = anyio.Event()
        for number in range(MOST + 3):
            keeper.tell(ChainMinute(snapshot(NOON_MS + number * MINUTE_MS)))
            await trio.sleep(0.01)
        told = await keeper.ask(Count(), timeout_s=1)
        assert told == {"chains_saved": 0, "chains_unsaved": MOST, "chains_dropped": 3}
        assert len(seen["publisher"]) == 1
        durable.tables.hanging = None
        hanging.set()
        await trio.sleep(6)
        assert await keeper.ask(Count(), timeout_s=1) == {
            "chains_saved": MOST, "chains_unsaved": 0, "chains_dropped": 3
        }  # fmt: skip
        kept = {one.as_of for one in await saved(durable)}
    assert NOON_MS in kept, "what was under way when the others went is saved, not forgotten"
    assert NOON_MS + (MOST + 2) * MINUTE_MS in kept


async def test_what_is_under_way_when_the_database_goes_away_is_saved_later_in_its_order(autojump_clock: Any) -> None:
    durable = await listed()
    async with among_witnesses(chain_keeper(durable), "publisher") as (system, _):
        keeper = system.ref("/engine/subject")
        hanging = durable.tables.hanging = anyio.Event()
        keeper.tell(ChainMinute(snapshot(NOON_MS)))
        await trio.sleep(6)
        keeper.tell(ChainMinute(snapshot(NOON_MS + MINUTE_MS)))
        durable.tables.away, durable.tables.hanging = True, None
        hanging.set()
        await trio.sleep(6)
        assert (await keeper.ask(Count(), timeout_s=1))["chains_unsaved"] == 2
        durable.tables.away = False
        await trio.sleep(6)
        assert [one.as_of for one in await saved(durable)] == [NOON_MS, NOON_MS + MINUTE_MS]

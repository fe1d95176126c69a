"""The keeper of ticks: each tick once in both stores, whoever is away or dies, and what is lost is told."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
import trio
import trio.testing
from structlog.testing import capture_logs

from actors import tick_keeper, unsaved_ticks
from actors.messages import Alert, Count, Flush, Follow, FollowAnew
from actors.tick_keeper import TickKeeper
from engine.market import Calendars, Instrument, InstrumentKind, Tick
from engine.market.kept_tick import KeptTick
from engine.runtime import Actor, ActorSystem
from engine.seeding import exchanges
from engine.storage.memory import MemoryDurableStore, MemoryHotStore
from tests.actors.parts import NAME, NOON, SECOND_NS, among_witnesses, tick

EVER = 0, 2**51
Seen = tuple[ActorSystem, dict[str, list[Any]]]


@pytest.fixture
def hot() -> MemoryHotStore:
    return MemoryHotStore(lambda: NOON)


@pytest.fixture
async def durable() -> MemoryDurableStore:
    store = MemoryDurableStore()
    share = Instrument(id=0, exchange="NSE", symbol="A", name="A", kind=InstrumentKind.EQUITY, tick_size=0.05)
    await store.seed(exchanges(around_the_clock=True), [share], [])
    store.tables.tick_keeping.add(NAME)
    return store


def keeper(hot: MemoryHotStore, durable: MemoryDurableStore) -> Callable[[ActorSystem], Actor]:
    def nowhere(_: str) -> dict[str, Any]:
        raise AssertionError("only exchanges that never close are asked for")

    calendars = Calendars(nowhere, {"NSE": "Asia/Kolkata"})
    return lambda system: TickKeeper(
        hot,
        durable,
        calendars,
        broadcaster=system.ref("/engine/broadcaster"),
        publisher=system.ref("/engine/publisher"),
    )


@asynccontextmanager
async def keeping(hot: MemoryHotStore, durable: MemoryDurableStore) -> AsyncGenerator[Seen]:
    """A keeper that follows whom it can."""
    async with among_witnesses(keeper(hot, durable), "broadcaster", "publisher") as (system, seen):
        await trio.testing.wait_all_tasks_blocked()
        yield system, seen


def ticks(count: int, *, since: int = 0) -> list[Tick]:
    return [tick(NOON + number * SECOND_NS, 100.0, 10 * number) for number in range(since, since + count)]


async def tell(system: ActorSystem, told: list[Tick]) -> dict[str, int]:
    """Once they are flushed, and saved where PostgreSQL takes them: what the keeper has counted."""
    subject = system.ref("/engine/subject")
    for one in told:
        subject.tell(one)
    await subject.ask(Flush(), timeout_s=5)
    await trio.testing.wait_all_tasks_blocked()
    return await subject.ask(Count(), timeout_s=5)


async def saved(durable: MemoryDurableStore) -> list[KeptTick]:
    return await durable.ticks.read(NAME, *EVER, limit=10**6)


async def recent(hot: MemoryHotStore) -> list[KeptTick]:
    return (await hot.recent_ticks([NAME])).get(NAME, [])


async def test_every_tick_is_in_both_stores_within_a_second_with_what_it_traded(
    hot: MemoryHotStore, durable: MemoryDurableStore, autojump_clock: Any
) -> None:
    async with keeping(hot, durable) as (system, _):
        for one in ticks(3):
            system.ref("/engine/subject").tell(one)
        await trio.sleep(1.5)
        assert [(kept.price, kept.volume, kept.traded) for kept in await saved(durable)] == [
            (100.0, 0, 0), (100.0, 10, 10), (100.0, 20, 10)
        ]  # fmt: skip
        assert await recent(hot) == await saved(durable)


async def test_it_follows_those_whose_ticks_are_to_be_kept_and_no_longer_than_that(
    hot: MemoryHotStore, durable: MemoryDurableStore, autojump_clock: Any
) -> None:
    async with keeping(hot, durable) as (system, seen):
        await trio.sleep(6)
        durable.tables.tick_keeping.clear()
        await trio.sleep(5)
        wishes = [wish.instruments for wish in seen["broadcaster"] if isinstance(wish, Follow)]
        assert wishes == [frozenset(), frozenset({NAME}), frozenset({NAME}), frozenset()]
        assert (await tell(system, ticks(1)))["ticks_unsaved"] == 0
        assert await saved(durable) == []


async def test_what_a_killed_keeper_left_in_redis_its_successor_saves_once(
    hot: MemoryHotStore, durable: MemoryDurableStore, autojump_clock: Any
) -> None:
    async with keeping(hot, durable) as (system, _):
        await tell(system, ticks(2))
        durable.tables.away = True
        await tell(system, ticks(3, since=2))
        assert len(await recent(hot)) == 5  # and the engine ends before PostgreSQL is back
    durable.tables.away = False
    async with keeping(hot, durable) as (system, _):
        counted = await tell(system, ticks(1, since=9))
        kept = await saved(durable)
        assert [(one.volume, one.traded) for one in kept] == [(0, 0), (10, 10), (20, 10), (30, 10), (40, 10), (90, 50)]
        assert (counted["ticks_saved"], counted["ticks_lost"]) == (4, 0)
        assert await recent(hot) == kept


async def test_however_many_ticks_wait_for_postgresql_a_killed_keeper_leaves_them_all_to_its_successor(
    hot: MemoryHotStore, durable: MemoryDurableStore, autojump_clock: Any
) -> None:
    async with keeping(hot, durable) as (system, _):
        await tell(system, ticks(10))
        durable.tables.away = True
        for since in range(10, 4_010, 400):
            await tell(system, ticks(400, since=since))
    # it ended without having saved them
    durable.tables.away = False
    async with keeping(hot, durable) as (system, seen):
        counted = await tell(system, ticks(1, since=4_010))
        assert [kept.volume for kept in await saved(durable)] == [10 * number for number in range(4_011)]
        assert (counted["ticks_saved"], counted["ticks_lost"], seen["publisher"]) == (4_001, 0, [])


async def test_what_was_left_is_no_reason_to_forget_what_comes(
    hot: MemoryHotStore, durable: MemoryDurableStore, autojump_clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unsaved_ticks, "UNSAVED_LIMIT", 4)
    async with keeping(hot, durable) as (system, _):
        await tell(system, ticks(50))
    async with keeping(hot, durable) as (system, _):
        durable.tables.away = True
        assert (await tell(system, ticks(4, since=50)))["ticks_lost"] == 0
        assert (await tell(system, ticks(2, since=54)))["ticks_lost"] == 2


async def test_a_keeper_that_starts_without_postgresql_follows_those_that_were_followed_before(
    hot: MemoryHotStore, durable: MemoryDurableStore, autojump_clock: Any
) -> None:
    async with keeping(hot, durable) as (system, _):
        await tell(system, ticks(2))
    durable.tables.away = True
    async with keeping(hot, durable) as (system, seen):
        assert [wish.instruments for wish in seen["broadcaster"]] == [frozenset({NAME})] * 2
        await tell(system, ticks(3, since=2))
        assert [kept.traded for kept in await recent(hot)] == [0, 10, 10, 10, 10]
        durable.tables.away = False
        await tell(system, [])
        assert await saved(durable) == await recent(hot)
        await trio.sleep(6)
        assert seen["broadcaster"][-1].instruments == frozenset({NAME})


async def test_a_redis_that_was_emptied_gets_all_that_postgresql_lacks(
    hot: MemoryHotStore, durable: MemoryDurableStore, autojump_clock: Any
) -> None:
    async with keeping(hot, durable) as (system, _):
        await tell(system, ticks(2))
        durable.tables.away = True
        await tell(system, ticks(3, since=2))
        await hot.link.call("FLUSHDB")
        await tell(system, ticks(1, since=5))
        assert [kept.volume for kept in await recent(hot)] == [20, 30, 40, 50]
    durable.tables.away = False
    async with keeping(hot, durable) as (system, _):
        await tell(system, [])
        assert [kept.volume for kept in await saved(durable)] == [0, 10, 20, 30, 40, 50]


async def test_a_redis_that_was_away_for_long_gets_all_that_postgresql_lacks(
    hot: MemoryHotStore, durable: MemoryDurableStore, autojump_clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tick_keeper, "UNSHOWN_LIMIT", 2)
    async with keeping(hot, durable) as (system, _):
        await tell(system, ticks(1))
        durable.tables.away = hot.link.away = True
        await tell(system, ticks(7, since=1))
        hot.link.away = False
        await tell(system, [])
        assert [kept.volume for kept in await recent(hot)] == [10 * number for number in range(8)]


async def test_while_postgresql_is_away_ticks_wait_and_those_beyond_the_limit_are_told_as_lost(
    hot: MemoryHotStore, durable: MemoryDurableStore, autojump_clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unsaved_ticks, "UNSAVED_LIMIT", 4)
    async with keeping(hot, durable) as (system, seen):
        durable.tables.away = True
        with capture_logs() as logs:
            counted = await tell(system, ticks(6))
            assert (counted["ticks_unsaved"], counted["ticks_lost"]) == (4, 2)
            assert (await tell(system, ticks(1, since=6)))["ticks_lost"] == 3
        assert [entry["event"] for entry in logs] == ["ticks_lost", "ticks_not_saved", "ticks_lost"]
        assert [alert.words for alert in seen["publisher"]] == [
            "Ticks that are to be kept are lost: PostgreSQL took nothing for too long. ticks_lost counts them."
        ]
        durable.tables.away = False
        await tell(system, [])
        assert [kept.volume for kept in await saved(durable)] == [30, 40, 50, 60]
        await tell(system, [])
        durable.tables.away = True
        await tell(system, ticks(6, since=7))
        assert [type(said) for said in seen["publisher"]] == [Alert, Alert], "another run is told anew"


async def test_while_postgresql_hangs_ticks_are_taken_and_shown_and_saved_when_it_answers(
    hot: MemoryHotStore, durable: MemoryDurableStore, autojump_clock: Any
) -> None:
    async with keeping(hot, durable) as (system, _):
        subject = system.ref("/engine/subject")
        hanging = durable.tables.hanging = anyio.Event()
        await tell(system, ticks(2))
        await subject.ask(FollowAnew(), timeout_s=0.1)
        counted = await tell(system, ticks(3, since=2))
        assert (len(await recent(hot)), counted["ticks_unsaved"], counted["ticks_lost"]) == (5, 5, 0)
        durable.tables.hanging = None
        hanging.set()
        assert (await tell(system, []))["ticks_saved"] == 5
        assert await saved(durable) == await recent(hot)


async def test_while_redis_is_away_ticks_are_saved_and_redis_gets_them_afterwards(
    hot: MemoryHotStore, durable: MemoryDurableStore, autojump_clock: Any
) -> None:
    async with keeping(hot, durable) as (system, _):
        hot.link.away = True
        await tell(system, ticks(3))
        await system.ref("/engine/subject").ask(FollowAnew(), timeout_s=5)
        assert (len(await saved(durable)), hot.link.away) == (3, True)
        hot.link.away = False
        await tell(system, ticks(1, since=3))
        assert await recent(hot) == await saved(durable)


async def test_a_keeper_that_starts_without_its_stores_follows_as_soon_as_they_are_there(
    hot: MemoryHotStore, durable: MemoryDurableStore, autojump_clock: Any
) -> None:
    durable.tables.away = hot.link.away = True
    async with keeping(hot, durable) as (system, _):
        durable.tables.away = hot.link.away = False
        await trio.sleep(6)
        await tell(system, ticks(2))
        assert len(await saved(durable)) == 2


async def test_what_its_mailbox_drops_is_told_as_lost(
    hot: MemoryHotStore, durable: MemoryDurableStore, autojump_clock: Any
) -> None:
    capacity = TickKeeper.mailbox.capacity
    async with keeping(hot, durable) as (system, _):
        counted = await tell(system, ticks(1) * (capacity + 10))
        assert counted["ticks_lost"] >= 10
        assert counted["ticks_saved"] + counted["ticks_lost"] == capacity + 10

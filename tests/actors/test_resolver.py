"""The resolver's patience: with a provider that refuses, one that is away, and gaps that come while it waits."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio

from actors.healer import Healer
from actors.messages import Backfill, Covered, FeedSeen, Interrupted
from actors.records import Records
from actors.resolver import Resolver
from actors.routes import Routes
from actors.scanner import Scanner
from actors.sources import Sources
from engine.market import Calendars, Candle
from engine.providers.base import Advice, HistoryLimits, ProviderError, Route
from engine.runtime import ActorRef, ActorSystem
from engine.storage.bridge import bridged, open_bridge
from engine.storage.durable import DurableStore
from engine.storage.errors import HotStoreError, StorageError
from engine.storage.hot import HotStore
from tests.actors.parts import MINUTE_NS, NOON, among_witnesses

COUNT = 20


class History:
    """A provider whose record fails as it is told, and counts how often it was asked."""

    def __init__(self, error: ProviderError | StorageError | None = None) -> None:
        self.error = error
        self.asked: list[str] = []

    limits = HistoryLimits({"1m": None, "1d": None}, days_per_call=90, calls_per_second=5.0)

    async def candles(
        self, route: Route, timeframe: str, start_ns: int, end_ns: int, *, patient: bool = False
    ) -> list[Candle]:
        assert timeframe == "1m", (timeframe, patient)
        return await self.minutes(route, start_ns, end_ns)

    async def minutes(self, route: Route, start_ns: int, end_ns: int) -> list[Candle]:
        self.asked.append(route.instrument)
        await trio.sleep(0)
        if self.error is not None:
            raise self.error
        return []


def nowhere(_: str) -> dict[str, Any]:
    raise AssertionError("only exchanges that never close are asked for")


@asynccontextmanager
async def resolver(
    redis_url: str, database_url: str, history: History
) -> AsyncGenerator[tuple[ActorSystem, ActorRef, dict[str, list[Any]], HotStore]]:
    async with open_bridge():
        hot = bridged(await bridged(HotStore).connect(redis_url))
        durable = bridged(await bridged(DurableStore).connect(database_url))
        calendars = Calendars(nowhere, {"NSE": "Asia/Kolkata"})

        def make(system: ActorSystem) -> Resolver:
            now_ns, week_ns = system.clock.now_ns, 7 * 1_440 * MINUTE_NS
            routes, records = Routes(["test"]), Records(hot, durable, calendars)
            healer = Healer(
                records,
                Sources({"test": history}, routes, now_ns=now_ns),  # pyright: ignore[reportArgumentType]
                routes,
                calendars,
                writer=system.ref("/engine/writer"),
                listeners=(),
                now_ns=now_ns,
                settle_after_ns=MINUTE_NS,
                retention_ns=week_ns,
            )
            scanner = Scanner(
                hot, durable, records, calendars, now_ns=now_ns, retention_ns=week_ns, settle_after_ns=MINUTE_NS
            )
            manager = system.ref("/engine/nobody")
            return Resolver(
                hot, healer, scanner, routes, calendars, manager=manager, retention_ns=week_ns, jitter=lambda: 0.0
            )

        async with among_witnesses(make, "writer", "instrument", answer=True) as (system, seen):
            subject, target = system.ref("/engine/subject"), system.ref("/engine/instrument")
            routes = tuple(Route(f"NSE:{n}", "NSE_EQ", str(n), 0.05, "equity", target) for n in range(COUNT))
            subject.tell(Covered("test", routes))
            yield system, subject, seen, hot
        await durable.close()
        await hot.close()


async def until(condition: Callable[[], bool]) -> None:
    with trio.fail_after(15):
        while not condition():
            await trio.sleep(0.05)


async def doubt_all(subject: ActorRef) -> None:
    await subject.ask(Backfill((), NOON - 10 * MINUTE_NS, NOON - 5 * MINUTE_NS), timeout_s=5)


async def test_every_gap_is_asked_for_once_and_then_closed(redis_url: str, database_url: str) -> None:
    history = History()
    async with resolver(redis_url, database_url, history) as (_, subject, _, _):
        await doubt_all(subject)
        await until(lambda: len(history.asked) >= COUNT)
        await trio.sleep(0.5)
        assert sorted(history.asked) == sorted(f"NSE:{number}" for number in range(COUNT))


@pytest.mark.parametrize("advice", [Advice.WAIT, Advice.NEW_TOKEN])
async def test_a_provider_that_refuses_everybody_is_asked_by_one_only(
    redis_url: str, database_url: str, advice: Advice
) -> None:
    history = History(ProviderError("refused", advice=advice, wait_s=1.5))
    async with resolver(redis_url, database_url, history) as (_, subject, _, _):
        await doubt_all(subject)
        await trio.sleep(1)
        assert len(history.asked) == 1
        history.error = None
        await until(lambda: len(set(history.asked)) >= COUNT - 1)  # the first one has a pause of its own


async def test_a_provider_that_is_away_is_tried_for_every_gap_and_nothing_is_given_up(
    redis_url: str, database_url: str
) -> None:
    history = History(ProviderError("away"))
    async with resolver(redis_url, database_url, history) as (_, subject, _, hot):
        await doubt_all(subject)
        await until(lambda: len(set(history.asked)) == COUNT)
        subject.tell(FeedSeen("test", 0, NOON))
        await trio.sleep(0.2)
        assert await hot.get_seen("test") == NOON
        open_gaps = await hot.healing()  # where a restart would begin
        assert open_gaps == {f"NSE:{n}": (NOON - 10 * MINUTE_NS, NOON - 5 * MINUTE_NS) for n in range(COUNT)}


async def test_a_store_that_refuses_postpones_a_gap_and_ends_nobody(redis_url: str, database_url: str) -> None:
    history = History(HotStoreError("wrong type"))
    async with resolver(redis_url, database_url, history) as (_, subject, _, hot):
        await doubt_all(subject)
        await until(lambda: len(set(history.asked)) == COUNT)
        subject.tell(FeedSeen("test", 0, NOON))
        await trio.sleep(0.2)
        open_gaps = await hot.healing()  # a next life would doubt whole days
        assert open_gaps == {f"NSE:{n}": (NOON - 10 * MINUTE_NS, NOON - 5 * MINUTE_NS) for n in range(COUNT)}


async def test_what_can_never_be_answered_is_given_up(redis_url: str, database_url: str) -> None:
    history = History(ProviderError("no such thing", advice=Advice.FIX_REQUEST))
    async with resolver(redis_url, database_url, history) as (_, subject, _, hot):
        await doubt_all(subject)
        await trio.sleep(1)
        subject.tell(FeedSeen("test", 0, NOON))
        await trio.sleep(0.2)
        assert await hot.get_seen("test") == NOON


async def test_a_gap_that_is_due_now_does_not_wait_for_one_that_is_due_later(redis_url: str, database_url: str) -> None:
    history = History(ProviderError("away"))
    async with resolver(redis_url, database_url, history) as (_, subject, _, _):
        old = NOON - 10 * MINUTE_NS
        subject.tell(Interrupted("NSE:1", old, old))  # fails, and is due again in some seconds
        await trio.sleep(0.5)
        subject.tell(Interrupted("NSE:2", old, old))
        await trio.sleep(0.5)
        assert history.asked == ["NSE:1", "NSE:2"]


async def test_only_what_was_lost_is_flagged_and_not_what_is_looked_up(redis_url: str, database_url: str) -> None:
    async with resolver(redis_url, database_url, History()) as (_, subject, seen, _):
        await doubt_all(subject)
        subject.tell(Interrupted("NSE:1", NOON - MINUTE_NS, NOON))
        await trio.sleep(0.5)
        assert [one.instrument for one in seen["instrument"] if isinstance(one, Interrupted)] == ["NSE:1"]

"""The resolver's patience: with a provider that refuses, one that is away, and gaps that come while it waits."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio

from actors.messages import Backfill, FeedSeen, Interrupted
from engine.market import Candle
from engine.providers.base import Advice, HistoryLimits, ProviderError, Route
from engine.runtime import ActorRef
from engine.storage.bridge import bridged, open_bridge
from engine.storage.durable import DurableStore
from engine.storage.errors import HotStoreError, StorageError
from engine.storage.hot import HotStore
from tests.actors.healing_parts import resolver
from tests.actors.parts import MINUTE_NS, NOON

COUNT = 20
NAMES = [f"NSE:{number}" for number in range(COUNT)]


class Record:
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


@asynccontextmanager
async def healing(
    redis_url: str, database_url: str, history: Record
) -> AsyncGenerator[tuple[ActorRef, dict[str, list[Any]], HotStore]]:
    async with open_bridge():
        hot = bridged(await bridged(HotStore).connect(redis_url))
        durable = bridged(await bridged(DurableStore).connect(database_url))
        async with resolver(history, hot, durable, NAMES) as (subject, _, seen):
            yield subject, seen, hot
        await durable.close()
        await hot.close()


async def until(condition: Callable[[], bool]) -> None:
    with trio.fail_after(15):
        while not condition():
            await trio.sleep(0.05)


async def doubt_all(subject: ActorRef) -> None:
    await subject.ask(Backfill((), NOON - 10 * MINUTE_NS, NOON - 5 * MINUTE_NS), timeout_s=5)


async def test_every_gap_is_asked_for_once_and_then_closed(redis_url: str, database_url: str) -> None:
    history = Record()
    async with healing(redis_url, database_url, history) as (subject, _, _):
        await doubt_all(subject)
        await until(lambda: len(history.asked) >= COUNT)
        await trio.sleep(0.5)
        assert sorted(history.asked) == sorted(NAMES)


@pytest.mark.parametrize("advice", [Advice.WAIT, Advice.NEW_TOKEN])
async def test_a_provider_that_refuses_everybody_is_asked_by_one_only(
    redis_url: str, database_url: str, advice: Advice
) -> None:
    history = Record(ProviderError("refused", advice=advice, wait_s=1.5))
    async with healing(redis_url, database_url, history) as (subject, _, _):
        await doubt_all(subject)
        await trio.sleep(1)
        assert len(history.asked) == 1
        history.error = None
        await until(lambda: len(set(history.asked)) >= COUNT - 1)  # the first one has a pause of its own


async def test_a_provider_that_is_away_is_tried_for_every_gap_and_nothing_is_given_up(
    redis_url: str, database_url: str
) -> None:
    history = Record(ProviderError("away"))
    async with healing(redis_url, database_url, history) as (subject, _, hot):
        await doubt_all(subject)
        await until(lambda: len(set(history.asked)) == COUNT)
        subject.tell(FeedSeen("test", 0, NOON))
        await trio.sleep(0.2)
        assert await hot.get_seen("test") == NOON
        open_gaps = await hot.healing()  # where a restart would begin
        assert open_gaps == dict.fromkeys(NAMES, ((NOON - 10 * MINUTE_NS, NOON - 5 * MINUTE_NS),))


async def test_a_store_that_refuses_postpones_a_gap_and_ends_nobody(redis_url: str, database_url: str) -> None:
    history = Record(HotStoreError("wrong type"))
    async with healing(redis_url, database_url, history) as (subject, _, hot):
        await doubt_all(subject)
        await until(lambda: len(set(history.asked)) == COUNT)
        subject.tell(FeedSeen("test", 0, NOON))
        await trio.sleep(0.2)
        open_gaps = await hot.healing()  # a next life would doubt whole days
        assert open_gaps == dict.fromkeys(NAMES, ((NOON - 10 * MINUTE_NS, NOON - 5 * MINUTE_NS),))


async def test_what_can_never_be_answered_is_given_up(redis_url: str, database_url: str) -> None:
    history = Record(ProviderError("no such thing", advice=Advice.FIX_REQUEST))
    async with healing(redis_url, database_url, history) as (subject, _, hot):
        await doubt_all(subject)
        await trio.sleep(1)
        subject.tell(FeedSeen("test", 0, NOON))
        await trio.sleep(0.2)
        assert await hot.get_seen("test") == NOON


async def test_a_gap_that_is_due_now_does_not_wait_for_one_that_is_due_later(redis_url: str, database_url: str) -> None:
    history = Record(ProviderError("away"))
    async with healing(redis_url, database_url, history) as (subject, _, _):
        old = NOON - 10 * MINUTE_NS
        subject.tell(Interrupted("NSE:1", old, old))  # fails, and is due again in some seconds
        await trio.sleep(0.5)
        subject.tell(Interrupted("NSE:2", old, old))
        await trio.sleep(0.5)
        assert history.asked == ["NSE:1", "NSE:2"]


async def test_only_what_was_lost_is_flagged_and_not_what_is_looked_up(redis_url: str, database_url: str) -> None:
    async with healing(redis_url, database_url, Record()) as (subject, seen, _):
        await doubt_all(subject)
        subject.tell(Interrupted("NSE:1", NOON - MINUTE_NS, NOON))
        await trio.sleep(0.5)
        assert [one.instrument for one in seen["instrument"] if isinstance(one, Interrupted)] == ["NSE:1"]

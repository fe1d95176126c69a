"""The newest books go to web processes and into the hot store, five times a second; while it is away the newest wait."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import trio

from actors.channels import DEPTH
from actors.depth_publisher import FLUSH_S, DepthPublisher
from actors.messages import Count
from engine.runtime import ActorRef
from engine.storage.memory import MemoryHotStore
from tests.actors.parts import NOON, among_witnesses
from tests.storage.depths import NOON_NS, book

A, B = "NSE:HDFCBANK", "NSE:INFY"


@asynccontextmanager
async def publishing(hot: MemoryHotStore) -> AsyncGenerator[ActorRef]:
    async with among_witnesses(lambda _: DepthPublisher(hot)) as (system, _):
        yield system.ref("/engine/subject")


async def test_a_flush_tells_the_newest_book_of_each_that_changed_and_writes_it(autojump_clock: Any) -> None:
    hot = MemoryHotStore(lambda: NOON)
    async with publishing(hot) as publisher, hot.subscribe(DEPTH) as messages:
        for price in (1650.0, 1651.0):
            publisher.tell(book(A, best_bid=price))
        publisher.tell(book(B))
        first = msgspec.msgpack.decode((await messages.receive())[1])
        publisher.tell(book(B, NOON_NS + 1_000_000))
        second = msgspec.msgpack.decode((await messages.receive())[1])
        await trio.sleep(FLUSH_S)

        assert [told["bids"][0][0] for told in first[-1]] == [1651.0, 1650.25]
        assert [(told["instrument"], told["ts_recv"]) for told in second[-1]] == [(B, NOON_NS // 1_000_000 + 1)]
        assert (second[:3], second[2]) == ([1, first[1], 2], first[2] + 1)
        assert await hot.depths([A, B]) == {A: book(A, best_bid=1651.0), B: book(B, NOON_NS + 1_000_000)}
        await trio.sleep(5)
        assert await publisher.ask(Count(), timeout_s=1) == {"depth_flushes": 2}, "nothing changed since"


async def test_while_the_hot_store_is_away_the_newest_book_waits(autojump_clock: Any) -> None:
    hot = MemoryHotStore(lambda: NOON)
    async with publishing(hot) as publisher:
        hot.link.away = True
        for price in (1650.0, 1651.0, 1652.0):
            publisher.tell(book(A, best_bid=price))
            await trio.sleep(1)
        hot.link.away = False
        await trio.sleep(1)
        assert await hot.depths([A]) == {A: book(A, best_bid=1652.0)}

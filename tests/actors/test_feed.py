"""The feed actor: what its connections bring reaches the instruments, and only a silence that is none of the market's ends one."""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import trio

from actors.feed import FeedActor
from actors.messages import FeedStatus, Wanted
from engine.market import Tick
from engine.providers.base import DecoderStatistics, PlanError, Route
from engine.runtime import Actor, ActorSystem, ChildSpec, LoopClock, Supervisor

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

START_NS = 1_700_000_000 * 10**9
ODD = "ODD"


class Line:
    """A connection and its decoder: every frame is one tick of the first route."""

    def __init__(self, routes: Sequence[Route], pause_s: float, frames: int) -> None:
        self.route, self.pause_s, self.frames = routes[0], pause_s, frames

    async def receive(self) -> bytes:
        if self.frames == 0:
            await trio.sleep_forever()
        self.frames -= 1
        await trio.sleep(self.pause_s)
        return b"frame"

    def decode(self, _: bytes, ts_recv: int) -> list[tuple[Any, Tick]]:
        return [(self.route.target, Tick(self.route.instrument, 1.0, 1, 1, ts_recv, ts_recv, "test"))]

    def statistics(self) -> DecoderStatistics:
        return DecoderStatistics()


class Feed:
    """A provider that refuses routes of one segment."""

    name = "test"

    def __init__(self, pause_s: float = 1.0, frames: int = 3) -> None:
        self.pause_s, self.frames, self.connections = pause_s, frames, 0

    def plan(self, routes: Sequence[Route]) -> list[list[Route]]:
        odd = [route for route in routes if route.segment == ODD]
        if odd:
            raise PlanError("odd", odd)
        return [list(routes)] if routes else []

    def decoder(self, _: Sequence[Route]) -> Line:
        return self.line

    @asynccontextmanager
    async def connect(self, routes: Sequence[Route]) -> AsyncGenerator[Line]:
        self.connections += 1
        self.line = Line(routes, self.pause_s, self.frames)
        yield self.line


class Witness(Actor):
    """Keeps what it is told."""

    def __init__(self, seen: list[Any]) -> None:
        super().__init__()
        self.seen = seen

    def on_receive(self, message: Any) -> None:
        self.seen.append(message)


async def watched(feed: Feed, seen: list[Any], *, is_open: bool, for_s: float, odd: bool = False) -> None:
    async with ActorSystem("engine", clock=LoopClock(START_NS)) as system:
        witness = system.ref("/engine/witness")
        actor = partial(
            FeedActor, feed, manager=witness, resolver=witness, heartbeat=witness, watchers=[witness],
            is_open=lambda _: is_open, jitter=lambda: 0.5,
        )  # fmt: skip
        specs = [ChildSpec("witness", partial(Witness, seen)), ChildSpec("feed", actor)]
        await system.start(ChildSpec("engine", partial(Supervisor, specs)))
        routes = [Route("NSE:A", "NSE_EQ", "1", 0.05, "equity", witness)]
        if odd:
            routes.insert(0, Route("NSE:B", ODD, "2", 0.05, "equity", witness))
        system.ref("/engine/feed").tell(Wanted(tuple(routes)))
        await trio.sleep(for_s)


def statuses(seen: list[Any]) -> list[str]:
    return [message.status for message in seen if isinstance(message, FeedStatus)]


def ticks(seen: list[Any]) -> list[Tick]:
    return [message for message in seen if isinstance(message, Tick)]


async def test_a_feed_that_stalls_while_the_market_is_open_is_connected_anew(autojump_clock: Any) -> None:
    feed, seen = Feed(frames=3), []
    await watched(feed, seen, is_open=True, for_s=30.0)
    assert feed.connections == 2
    assert len(ticks(seen)) == 6
    assert statuses(seen)[:5] == ["connecting", "live", "stale", "failed", "connecting"]


async def test_a_feed_that_is_quiet_because_the_market_is_closed_keeps_its_connection(autojump_clock: Any) -> None:
    feed, seen = Feed(frames=3), []
    await watched(feed, seen, is_open=False, for_s=50.0)
    assert feed.connections == 1
    assert statuses(seen) == ["connecting", "live", "closed", "closed"]


async def test_a_feed_that_never_says_anything_is_connected_anew(autojump_clock: Any) -> None:
    feed, seen = Feed(frames=0), []
    await watched(feed, seen, is_open=True, for_s=20.0)
    assert feed.connections == 2


async def test_a_feed_that_speaks_all_the_time_is_left_alone(autojump_clock: Any) -> None:
    feed, seen = Feed(pause_s=5.0, frames=100), []
    await watched(feed, seen, is_open=True, for_s=200.0)
    assert feed.connections == 1
    assert statuses(seen) == ["connecting", "live"]


async def test_what_can_not_be_subscribed_is_said_and_the_others_do_without_it(autojump_clock: Any) -> None:
    feed, seen = Feed(frames=3), []
    await watched(feed, seen, is_open=True, for_s=5.0, odd=True)
    assert [tick.instrument for tick in ticks(seen)] == ["NSE:A"] * 3
    assert statuses(seen)[0] == "failed"

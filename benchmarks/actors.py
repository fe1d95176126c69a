"""The engine's actors from the feed to the writers, without stores behind them."""

import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

import anyio.lowlevel

from actors.broadcaster import Broadcaster
from actors.candle_writer import CandleWriter
from actors.feed import FeedActor
from actors.instrument import InstrumentActor, Outlets
from actors.line_voice import Listeners
from actors.messages import Wanted
from actors.publisher import Publisher
from benchmarks.frames import FIRST_ID, SEGMENT, FrameFeed
from config.calendars import load_calendar
from engine.market import Calendar, Calendars, CandleBook, PriceGuard, Quote, Reach, VolumeMeter
from engine.providers.base import ProviderError, Route
from engine.runtime import (
    Actor,
    ActorRef,
    ActorSystem,
    ChildSpec,
    DynamicSupervisor,
    MailboxSpec,
    Overflow,
    StartChildren,
    Supervisor,
    settle,
)

if TYPE_CHECKING:
    from engine.providers.base import History
    from engine.storage.hot import HotStore

_REACH = Reach(share=0.05, fixed=0.5)
"""What an equity may jump."""
START_TIMEOUT_S = 120.0


class NoStore:
    """Takes everything and keeps nothing."""

    async def write_live(self, _: Any) -> None: ...

    async def write_candles(self, *_: Any) -> None: ...

    async def publish(self, *_: Any) -> None: ...

    async def append_events(self, _: Any) -> None: ...

    async def begin_events(self, _: str) -> None: ...

    async def end_events(self) -> None: ...

    async def begin_epoch(self) -> None: ...

    async def read_events(self, *_: Any) -> list[Any]:
        return []

    async def get_unsaved(self) -> int:
        return 0

    async def set_unsaved(self, _: int) -> None: ...

    async def events_position(self) -> tuple[str, str]:
        return "benchmark", "0-0"


class NoHistory:
    """Knows nothing of any pause between two measurements."""

    async def quotes(self, _: Sequence[Route]) -> dict[str, Quote]:
        raise ProviderError("there is no second source")


class Sink(Actor):
    """Stands for the actors that are not measured."""

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(1_000_000, Overflow.DROP_OLDEST)

    def on_receive(self, message: Any) -> None:
        pass


def names(count: int) -> list[str]:
    return [f"NSE:SYM{number:05d}" for number in range(count)]


def routes(system: ActorSystem, count: int) -> list[Route]:
    return [
        Route(name, SEGMENT, str(FIRST_ID + number), 0.05, "equity", system.ref(f"/engine/instruments/{name}"))
        for number, name in enumerate(names(count))
    ]


@asynccontextmanager
async def running_actors(feed: FrameFeed) -> AsyncGenerator[ActorSystem]:
    """The tree of ``engine/app.py`` as far as ticks go, with no instruments yet."""
    hot = cast("HotStore", NoStore())
    async with ActorSystem("engine") as system:
        sink, broadcaster = system.ref("/engine/sink"), system.ref("/engine/broadcaster")
        specs = [
            ChildSpec("sink", Sink),
            ChildSpec("broadcaster", Broadcaster),
            ChildSpec("publisher", partial(Publisher, hot, broadcaster=broadcaster)),
            ChildSpec(
                "candle_writer",
                partial(CandleWriter, hot, persister=sink, publisher=sink, resolver=sink, charts=sink, surveyor=sink),
            ),
            ChildSpec("instruments", DynamicSupervisor),
            ChildSpec("feed", partial(_feed_actor, feed, sink)),
        ]
        await system.start(ChildSpec("engine", partial(Supervisor, specs)))
        yield system


def _feed_actor(feed: FrameFeed, sink: ActorRef) -> FeedActor:
    return FeedActor(
        feed,
        cast("History", NoHistory()),
        Calendars(load_calendar, {"NSE": "Asia/Kolkata"}),
        manager=sink,
        listeners=Listeners(sink, sink, sink, sink),
        jitter=random.random,
    )


async def start_instruments(system: ActorSystem, count: int) -> list[Route]:
    """So many real instrument actors; the feed is told of them."""
    sink = system.ref("/engine/sink")
    outlets = Outlets(system.ref("/engine/candle_writer"), system.ref("/engine/broadcaster"), sink, sink)
    calendar = Calendar.continuous()
    now_ns = system.clock.now_ns()
    wanted = routes(system, count)
    specs = [ChildSpec(route.instrument, partial(_instrument, route, calendar, outlets, now_ns)) for route in wanted]
    await system.ref("/engine/instruments").ask(StartChildren(specs), timeout_s=START_TIMEOUT_S)
    settle()
    system.ref("/engine/feed").tell(Wanted(tuple(wanted)))
    return wanted


def _instrument(route: Route, calendar: Calendar, outlets: Outlets, now_ns: int) -> InstrumentActor:
    book = CandleBook(route.instrument, calendar, "benchmark")
    guard = PriceGuard(_REACH)
    return InstrumentActor(book, VolumeMeter(), guard, route.key, outlets, interrupted_since_ns=now_ns)


async def handled(system: ActorSystem, feed: FrameFeed) -> None:
    """Returns when every frame put in has been handled by every reactive actor."""
    await feed.connection.drained.wait()
    while not system.dispatcher.parked:
        await anyio.lowlevel.checkpoint()

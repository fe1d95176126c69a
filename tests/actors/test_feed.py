"""The feed actor: what its connections bring reaches the instruments, and only a silence that is none of the market's ends one."""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import trio

from actors.feed import FeedActor
from actors.line_voice import Listeners
from actors.messages import (
    Alert,
    FeedResumed,
    FeedSeen,
    FeedStatus,
    LineCarries,
    LineHeard,
    LinesWanted,
    Resubscribe,
    Wanted,
)
from engine.market import Calendars, Quote, Tick
from engine.market.diagnosis import Cause
from engine.providers.base import (
    Advice,
    Capabilities,
    DecoderStatistics,
    FeedLimits,
    Mode,
    Notify,
    PlanError,
    ProviderError,
    Route,
    ignore,
)
from engine.runtime import Actor, ActorSystem, ChildSpec, LoopClock, Supervisor
from tests.market.lunch import DAY_NS, WITH_LUNCH

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from engine.providers.base import History, LiveFeed

SECOND_NS = 10**9
MINUTE_NS = 60 * SECOND_NS
CALENDARS = Calendars(lambda _: WITH_LUNCH)
ODD = "ODD"


class Line:
    """A connection and its decoder: every frame is one tick of the first route."""

    def __init__(self, routes: Sequence[Route], pause_s: float, frames: int, subscriptions: list[str]) -> None:
        self.route, self.pause_s, self.frames = routes[0], pause_s, frames
        self.subscriptions = subscriptions
        self.began_s = trio.current_time()
        self.pings = self.breaks = False

    @property
    def heard_s(self) -> float:
        return trio.current_time() if self.pings else self.began_s

    async def receive(self) -> bytes:
        if self.frames == 0 and self.breaks:
            raise ProviderError("reset by peer")
        if self.frames == 0:
            await trio.sleep_forever()
        self.frames -= 1
        await trio.sleep(self.pause_s)
        return b"frame"

    async def subscribe(self, routes: Sequence[Route], mode: Mode | None = None) -> None:
        self.subscriptions += [f"+{route.instrument}" for route in routes]

    async def unsubscribe(self, routes: Sequence[Route]) -> None:
        self.subscriptions += [f"-{route.instrument}" for route in routes]

    def decode(self, _: bytes, ts_recv: int) -> list[tuple[Any, Tick]]:
        return [(self.route.target, Tick(self.route.instrument, 1.0, 1, 1, ts_recv, ts_recv, "test"))]

    def statistics(self) -> DecoderStatistics:
        return DecoderStatistics()


class Feed:
    """A provider that refuses routes of one segment."""

    name = "test"
    capabilities = Capabilities()
    limits = FeedLimits(connections=5, instruments_per_connection=100, instruments_per_message=100)

    def __init__(self, pause_s: float = 1.0, frames: int = 3, *, refused: bool = False) -> None:
        self.pause_s, self.frames, self.connections, self.refused = pause_s, frames, 0, refused
        self.closed = 0
        self.pings = self.breaks = False
        self.subscriptions: list[str] = []

    def plan(self, routes: Sequence[Route]) -> list[list[Route]]:
        odd = [route for route in routes if route.segment == ODD]
        if odd:
            raise PlanError("odd", odd)
        return [list(routes)] if routes else []

    def decoder(self, _: Sequence[Route]) -> Line:
        return self.line

    @asynccontextmanager
    async def connect(
        self, routes: Sequence[Route], *, since_ns: int = 0, notify: Notify = ignore
    ) -> AsyncGenerator[Line]:
        self.connections += 1
        if self.refused:
            raise ProviderError("401", advice=Advice.NEW_TOKEN)
        self.line = Line(routes, self.pause_s, self.frames, self.subscriptions)
        self.line.pings, self.line.breaks = self.pings, self.breaks
        yield self.line
        self.closed += 1


class Record:
    """What the provider says when it is asked: how many were traded so far, or nothing at all."""

    def __init__(self, volume: int | None = None) -> None:
        self.volume, self.questions = volume, 0

    async def quotes(self, routes: Sequence[Route]) -> dict[str, Quote]:
        self.questions += 1
        if self.volume is None:
            raise ProviderError("away")
        return {route.instrument: Quote(1.0, None, self.volume) for route in routes}


class Witness(Actor):
    """Keeps what it is told."""

    def __init__(self, seen: list[Any]) -> None:
        super().__init__()
        self.seen = seen

    def on_receive(self, message: Any) -> None:
        self.seen.append(message)


class Operator(Witness):
    """Keeps what somebody has to do something about."""

    def on_receive(self, message: Any) -> None:
        if isinstance(message, Alert):
            super().on_receive(message)


async def watched(
    feed: Feed,
    seen: list[Any],
    *,
    for_s: float,
    at: str = "10:00",
    volume: int | None = None,
    odd: bool = False,
    then: Any = None,
) -> Record:
    """A feed and what it says, from a time of day in Tokyo on, on a Friday."""
    record = Record(volume)
    hours, minutes = map(int, at.split(":"))
    async with ActorSystem("engine", clock=LoopClock(DAY_NS + (hours * 60 + minutes) * MINUTE_NS)) as system:
        witness, operator = system.ref("/engine/witness"), system.ref("/engine/operator")
        actor = partial(
            FeedActor, cast("LiveFeed", feed), cast("History", record), CALENDARS, manager=witness, jitter=lambda: 0.5,
            listeners=Listeners(operator, operator, witness, witness, witness),
        )  # fmt: skip
        specs = [ChildSpec("witness", partial(Witness, seen)), ChildSpec("operator", partial(Operator, seen))]
        specs.append(ChildSpec("feed", actor))
        await system.start(ChildSpec("engine", partial(Supervisor, specs)))
        routes = [Route("XTKS:A", "NSE_EQ", "1", 0.05, "equity", witness)]
        if odd:
            routes.insert(0, Route("XTKS:B", ODD, "2", 0.05, "equity", witness))
        system.ref("/engine/feed").tell(Wanted(tuple(routes)))
        await trio.sleep(for_s)
        if then is not None:
            system.ref("/engine/feed").tell(then)
            await trio.sleep(1.0)
    return record


def statuses(seen: list[Any]) -> list[str]:
    return [message.status for message in seen if isinstance(message, FeedStatus)]


def ticks(seen: list[Any]) -> list[Tick]:
    return [message for message in seen if isinstance(message, Tick)]


def causes(seen: list[Any]) -> list[Cause]:
    return [message.cause for message in seen if isinstance(message, FeedStatus)]


async def test_a_feed_that_stalls_while_the_market_is_open_is_connected_anew(autojump_clock: Any) -> None:
    feed, seen = Feed(pause_s=0.2, frames=100), list[Any]()
    record = await watched(feed, seen, for_s=33.0)
    assert feed.connections == 2
    assert len(ticks(seen)) == 100 + 30
    assert statuses(seen)[:6] == ["connecting", "live", "live", "stale", "failed", "connecting"]
    assert causes(seen)[2:4] == [Cause.QUIET, Cause.STALLED]
    assert record.questions > 0
    [stale] = [message for message in seen if isinstance(message, FeedStatus) and message.status == "stale"]
    over_ns = DAY_NS + 600 * MINUTE_NS + (20 + 6) * SECOND_NS  # three expected intervals of 2 s
    assert abs(stale.since_ns - over_ns) < MINUTE_NS // 1_000
    assert "last sign of life came 26 s ago" in stale.why


async def test_a_feed_that_withholds_trades_is_found_out_by_the_providers_own_word(autojump_clock: Any) -> None:
    feed, seen = Feed(pause_s=0.2, frames=100), list[Any]()
    await watched(feed, seen, for_s=26.0, volume=2)
    assert feed.connections == 2
    [stale] = [message for message in seen if isinstance(message, FeedStatus) and message.status == "stale"]
    assert stale.since_ns < DAY_NS + 600 * MINUTE_NS + (20 + 6) * SECOND_NS


async def test_a_feed_of_which_the_provider_says_that_nothing_is_traded_keeps_its_connection(
    autojump_clock: Any,
) -> None:
    feed, seen = Feed(pause_s=0.2, frames=100), list[Any]()
    record = await watched(feed, seen, for_s=3_600.0, volume=1)
    assert feed.connections == 1
    assert causes(seen) == [Cause.DISCONNECTED, Cause.LIVE, Cause.QUIET]
    assert record.questions < 25


def doubts(seen: list[Any]) -> list[tuple[float, float]]:
    """Until when, in minutes of the day, and since when; 0 is since it was last seen."""
    told = [message for message in seen if isinstance(message, FeedResumed)]
    return [((one.at_ns - DAY_NS) / MINUTE_NS, float(one.since_ns)) for one in told]


async def test_a_line_that_is_up_before_the_open_leaves_no_doubt_about_the_first_minute(autojump_clock: Any) -> None:
    seen: list[Any] = []
    await watched(Feed(pause_s=65.0, frames=1), seen, at="08:59", for_s=68.0)
    assert len(ticks(seen)) == 1
    first = seen.index(ticks(seen)[0])
    assert doubts(seen[:first]) == [(8 * 60 + 59, 0.0)]


async def test_a_line_that_breaks_says_so_at_once_and_not_when_it_is_back(autojump_clock: Any) -> None:
    """However long it is away: the minute it broke in must not be taken for whole."""
    feed, seen = Feed(pause_s=1.0, frames=30), list[Any]()
    feed.breaks = True
    await watched(feed, seen, at="14:50", for_s=30.1)
    assert doubts(seen)[-1] == (14 * 60 + 50.5, 0.0)


async def test_after_the_close_a_line_that_hears_heartbeats_has_missed_nothing(autojump_clock: Any) -> None:
    async def seen_last(*, pings: bool) -> float:
        feed, seen = Feed(pause_s=1.0, frames=50), list[Any]()
        feed.pings = pings
        await watched(feed, seen, at="15:29", for_s=600.0)
        return max(message.at_ns - DAY_NS for message in seen if isinstance(message, FeedSeen)) / MINUTE_NS

    assert await seen_last(pings=True) > 15 * 60 + 38
    assert await seen_last(pings=False) < 15 * 60 + 32


async def test_lunch_and_night_cost_no_connection(autojump_clock: Any) -> None:
    feed, seen = Feed(pause_s=1.0, frames=130), list[Any]()
    await watched(feed, seen, at="11:28", for_s=3_600.0)
    assert feed.connections == 1
    assert statuses(seen) == ["connecting", "live", "closed"]


async def test_a_feed_is_connected_shortly_before_it_is_needed_and_let_go_after_it_was(autojump_clock: Any) -> None:
    feed, seen = Feed(pause_s=1.0, frames=10), list[Any]()
    await watched(feed, seen, at="07:00", for_s=3_600.0)
    assert feed.connections == 0
    assert statuses(seen) == ["closed"]
    feed, seen = Feed(pause_s=1.0, frames=10), list[Any]()
    await watched(feed, seen, at="08:30", for_s=1_200.0)
    assert feed.connections == 1
    assert statuses(seen) == ["closed", "connecting", "closed"]
    feed, seen = Feed(pause_s=1.0, frames=10), list[Any]()
    await watched(feed, seen, at="15:45", for_s=3_600.0)
    assert feed.connections == 1
    assert statuses(seen) == ["connecting", "closed"]
    assert feed.closed == 1


async def test_a_feed_that_never_says_anything_is_connected_anew(autojump_clock: Any) -> None:
    feed, seen = Feed(frames=0), list[Any]()
    await watched(feed, seen, for_s=20.0)
    assert feed.connections == 2


async def test_a_feed_that_speaks_all_the_time_is_left_alone(autojump_clock: Any) -> None:
    feed, seen = Feed(pause_s=5.0, frames=100), list[Any]()
    await watched(feed, seen, for_s=200.0)
    assert feed.connections == 1
    assert statuses(seen) == ["connecting", "live"]


async def test_a_token_that_is_refused_is_a_state_and_no_storm(autojump_clock: Any) -> None:
    feed, seen = Feed(refused=True), list[Any]()
    await watched(feed, seen, for_s=3_600.0)
    assert feed.connections == 4
    assert causes(seen)[1] is Cause.TOKEN_DEAD
    [alert] = [message for message in seen if isinstance(message, Alert)]
    assert "ticktree credentials set test" in alert.words


async def test_an_instrument_is_subscribed_once_more_without_a_new_connection(autojump_clock: Any) -> None:
    feed, seen = Feed(frames=5), list[Any]()
    await watched(feed, seen, for_s=3.0, then=Resubscribe(0, ("XTKS:A", "XTKS:NOBODY")))
    assert feed.subscriptions == ["-XTKS:A", "+XTKS:A"]
    assert feed.connections == 1


async def test_a_sentinel_that_begins_anew_is_told_what_is_carried_and_what_is_heard(autojump_clock: Any) -> None:
    feed, seen = Feed(frames=5), list[Any]()
    await watched(feed, seen, for_s=3.5, then=LinesWanted())
    carried = [message for message in seen if isinstance(message, LineCarries)]
    assert len(carried) == 2
    assert carried[0] == carried[1]
    heard = [message for message in seen if isinstance(message, LineHeard)]
    assert heard[0].ticks.keys() == {"XTKS:A"}


async def test_what_can_not_be_subscribed_is_said_and_the_others_do_without_it(autojump_clock: Any) -> None:
    feed, seen = Feed(frames=3), list[Any]()
    await watched(feed, seen, for_s=5.0, odd=True)
    assert [tick.instrument for tick in ticks(seen)] == ["XTKS:A"] * 3
    [alert] = [message for message in seen if isinstance(message, Alert)]
    assert alert.words == "test does not carry 1 instruments: odd"

"""Lines: what is carried is not disturbed, neither by others that join or leave nor by a new credential."""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import pytest
import trio

from actors.feed import FeedActor
from actors.line_voice import Listeners
from actors.messages import Alert, CredentialReplaced, FeedResumed, FeedStatus, LineCarries, Wanted
from engine.market import Calendars, Tick
from engine.market.diagnosis import Cause
from engine.market.handover import MOST_S
from engine.providers.base import (
    Advice,
    Capabilities,
    DecoderStatistics,
    FeedLimits,
    Mode,
    Notification,
    Notify,
    ProviderError,
    Route,
    ignore,
)
from engine.providers.planning import spread
from engine.runtime import ActorRef, ActorSystem, ChildSpec, LoopClock, Supervisor
from tests.actors.parts import NOON, SECOND_NS, Witness

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Sequence

    from engine.providers.base import History

CALENDARS = Calendars(lambda _: {}, {"NSE": "Asia/Kolkata"})


class Venue:
    """A provider of which every instrument trades once a second; a connection tells of it after its lag."""

    name = "venue"

    def __init__(self, *, connections: int = 5, each: int = 100, replays: bool = False) -> None:
        self.limits = FeedLimits(connections=connections, instruments_per_connection=each, instruments_per_message=100)
        self.capabilities = Capabilities(replays=replays)
        self.lags_s: list[float] = []
        """Of the connections to come; none for those beyond."""
        self.refuses: Advice | None = None
        self.open: list[Wire] = []
        self.opened = 0
        self.most = 0
        self.since: list[int] = []
        self.log: list[str] = []

    def plan(self, routes: Sequence[Route]) -> list[list[Route]]:
        return spread(routes, self.limits, self.name)

    def decoder(self, routes: Sequence[Route]) -> Reading:
        return Reading(routes)

    @asynccontextmanager
    async def connect(
        self, routes: Sequence[Route], *, since_ns: int = 0, notify: Notify = ignore
    ) -> AsyncGenerator[Wire]:
        await trio.sleep(0.2)
        if self.refuses is not None:
            raise ProviderError("refused", advice=self.refuses)
        wire = Wire(self, self.lags_s.pop(0) if self.lags_s else 0.0)
        self.open.append(wire)
        self.opened += 1
        self.most = max(self.most, len(self.open))
        self.since.append(since_ns)
        notify(Notification(self.name, "message", 0, {}))
        try:
            yield wire
        finally:
            self.open.remove(wire)


class Wire:
    """A connection; what it brings is the number of a second."""

    def __init__(self, venue: Venue, lag_s: float) -> None:
        self.venue, self.lag_s = venue, lag_s
        self.second = int(trio.current_time())
        self.broken: ProviderError | None = None

    @property
    def heard_s(self) -> float:
        return trio.current_time()

    async def receive(self) -> bytes:
        self.second += 1
        await trio.sleep_until(self.second + self.lag_s)
        if self.broken is not None:
            raise self.broken
        return b"%d" % self.second

    async def subscribe(self, routes: Sequence[Route], mode: Mode | None = None) -> None:
        self.venue.log += [f"+{route.instrument}" for route in routes]

    async def unsubscribe(self, routes: Sequence[Route]) -> None:
        self.venue.log += [f"-{route.instrument}" for route in routes]


class Reading:
    """A decoder: in each second every route trades once."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self.routes = {route.key: route for route in routes}

    def decode(self, frame: bytes, ts_recv: int) -> list[tuple[Any, Tick]]:
        second = int(frame)
        at_ns = NOON + second * SECOND_NS
        return [
            (route.target, Tick(route.instrument, 100.0 + second, 1, second, at_ns, ts_recv, "venue"))
            for route in self.routes.values()
        ]

    def add(self, routes: Sequence[Route]) -> None:
        self.routes |= {route.key: route for route in routes}

    def remove(self, routes: Sequence[Route]) -> None:
        for route in routes:
            self.routes.pop(route.key, None)

    def statistics(self) -> DecoderStatistics:
        return DecoderStatistics()


class NoHistory:
    async def quotes(self, _: Sequence[Route]) -> dict[str, Any]:
        raise ProviderError("away")


class Stage:
    """A feed among witnesses."""

    def __init__(self, system: ActorSystem, venue: Venue, seen: list[Any]) -> None:
        self.venue, self.seen = venue, seen
        self.feed: ActorRef = system.ref("/engine/feed")
        self._target = system.ref("/engine/instruments")

    async def carry(self, names: str, *, for_s: float = 5.0) -> None:
        self.feed.tell(Wanted(tuple(self.route(name) for name in names)))
        await trio.sleep(for_s)

    async def renew(self, *, for_s: float = 10.0) -> None:
        self.feed.tell(CredentialReplaced("venue"))
        await trio.sleep(for_s)

    def route(self, name: str) -> Route:
        return Route(f"NSE:{name}", "NSE_EQ", str(ord(name)), 0.05, "equity", self._target)

    def seconds(self, name: str) -> list[int]:
        """In which the instrument's ticks that arrived were traded."""
        ticks = [message for message in self.seen if isinstance(message, Tick)]
        return [round(tick.price - 100) for tick in ticks if tick.instrument == f"NSE:{name}"]

    def told(self, kind: type[Any]) -> list[Any]:
        return [message for message in self.seen if isinstance(message, kind)]

    def doubted(self) -> list[tuple[str, ...]]:
        return [tuple(sorted(doubt.instruments)) for doubt in self.told(FeedResumed)]

    def carried(self) -> dict[int, str]:
        lines = {line.connection: line.routes for line in self.told(LineCarries)}
        return {number: "".join(sorted(r.instrument[-1] for r in routes)) for number, routes in lines.items()}


@asynccontextmanager
async def stage(venue: Venue) -> AsyncGenerator[Stage]:
    seen: list[Any] = []
    async with ActorSystem("engine", clock=LoopClock(NOON)) as system:
        witness = system.ref("/engine/instruments")
        listeners = Listeners(witness, system.ref("/engine/others"), witness, witness, witness)
        feed = partial(
            FeedActor, venue, cast("History", NoHistory()), CALENDARS, manager=witness, listeners=listeners, jitter=lambda: 0.5,
        )  # fmt: skip
        specs = [
            ChildSpec("instruments", partial(Witness, seen)),
            ChildSpec("others", partial(Witness, [])),
            ChildSpec("feed", feed),
        ]
        await system.start(ChildSpec("engine", partial(Supervisor, specs, intensity=0)))
        yield Stage(system, venue, seen)


def unbroken(seconds: Iterable[int]) -> bool:
    found = list(seconds)
    return bool(found) and found == list(range(found[0], found[-1] + 1))


async def test_who_joins_is_subscribed_beside_those_who_are_heard_already(autojump_clock: Any) -> None:
    async with stage(Venue()) as on:
        await on.carry("A")
        before = on.doubted()
        await on.carry("AB")
        assert on.venue.opened == 1
        assert on.venue.log == ["+NSE:B"]
        assert unbroken(on.seconds("A"))
        assert len(on.seconds("A")) >= 9
        assert unbroken(on.seconds("B"))
        assert len(on.seconds("B")) >= 4
        assert on.doubted()[len(before) :] == [("NSE:B",)]
        [*_, doubt] = on.told(FeedResumed)
        assert doubt.since_ns == NOON + 5 * SECOND_NS
        assert doubt.at_ns >= NOON + 6 * SECOND_NS


async def test_who_leaves_is_taken_back_and_a_line_that_is_empty_is_closed(autojump_clock: Any) -> None:
    async with stage(Venue()) as on:
        await on.carry("AB")
        await on.carry("B")
        assert on.venue.log == ["-NSE:A"]
        assert unbroken(on.seconds("B"))
        assert max(on.seconds("A")) <= 6
        await on.carry("")
        assert on.venue.open == []
        assert on.carried() == {0: ""}
        assert on.told(FeedStatus)[-1].cause is Cause.CLOSED


async def test_another_line_is_opened_only_when_the_first_has_no_room(autojump_clock: Any) -> None:
    async with stage(Venue(each=3)) as on:
        await on.carry("AB")
        await on.carry("ABC")
        assert on.venue.opened == 1
        await on.carry("ABCDE")
        assert on.venue.opened == 2
        assert on.carried() == {0: "ABC", 1: "DE"}
        assert unbroken(on.seconds("A"))
        await on.carry("ABDEFG")
        assert on.venue.opened == 2
        assert on.carried() == {0: "ABF", 1: "DEG"}


async def test_what_does_not_fit_is_said_and_disturbs_nobody(autojump_clock: Any) -> None:
    async with stage(Venue(connections=1, each=2)) as on:
        await on.carry("AB")
        await on.carry("CAB")
        assert on.carried() == {0: "AB"}
        assert unbroken(on.seconds("A"))
        [alert] = on.told(Alert)
        assert "does not carry 1 instruments" in alert.words


@pytest.mark.parametrize(("old_s", "new_s"), [(0.0, 0.0), (0.3, 0.0), (0.0, 0.3), (0.45, 0.05), (0.05, 0.45)])
async def test_a_new_credential_costs_no_tick_and_no_word(autojump_clock: Any, old_s: float, new_s: float) -> None:
    async with stage(Venue()) as on:
        on.venue.lags_s = [old_s, new_s]
        await on.carry("ABC")
        before = len(on.told(FeedResumed)), len(on.told(FeedStatus))
        await on.renew()
        assert (on.venue.opened, on.venue.most, len(on.venue.open)) == (2, 2, 1)
        for name in "ABC":
            assert unbroken(on.seconds(name))
            assert len(on.seconds(name)) >= 13
        assert (len(on.told(FeedResumed)), len(on.told(FeedStatus))) == before


async def test_lines_come_to_a_new_credential_one_after_the_other(autojump_clock: Any) -> None:
    async with stage(Venue(connections=3, each=1)) as on:
        await on.carry("AB")
        await on.renew(for_s=20.0)
        assert (on.venue.opened, on.venue.most, len(on.venue.open)) == (4, 3, 2)
        assert unbroken(on.seconds("A"))
        assert unbroken(on.seconds("B"))


async def test_without_room_for_a_second_connection_the_first_is_closed_before_and_what_is_missed_is_told(
    autojump_clock: Any,
) -> None:
    async with stage(Venue(connections=1)) as on:
        await on.carry("A")
        before = len(on.told(FeedResumed))
        await on.renew()
        assert (on.venue.opened, on.venue.most, len(on.venue.open)) == (2, 1, 1)
        assert len(on.told(FeedResumed)) > before


async def test_a_credential_that_does_not_serve_leaves_the_old_connection_as_it_is(autojump_clock: Any) -> None:
    async with stage(Venue()) as on:
        await on.carry("A")
        before = len(on.told(FeedResumed)), len(on.told(FeedStatus))
        on.venue.refuses = Advice.NEW_TOKEN
        await on.renew()
        assert (on.venue.opened, len(on.venue.open)) == (1, 1)
        assert unbroken(on.seconds("A"))
        [alert] = on.told(Alert)
        assert "the old one goes on" in alert.words
        assert (len(on.told(FeedResumed)), len(on.told(FeedStatus))) == before


async def test_the_second_connection_goes_on_alone_when_the_first_dies_beside_it(autojump_clock: Any) -> None:
    async with stage(Venue()) as on:
        on.venue.lags_s = [0.1, 0.0]
        await on.carry("A")
        before = len(on.told(FeedResumed)), len(on.told(FeedStatus))
        await on.renew(for_s=0.5)  # both are read
        on.venue.open[0].broken = ProviderError("expired", advice=Advice.NEW_TOKEN)
        await trio.sleep(9.0)
        assert len(on.venue.open) == 1
        assert unbroken(on.seconds("A"))
        assert (len(on.told(FeedResumed)), len(on.told(FeedStatus))) == before


async def test_the_first_connection_goes_on_alone_when_the_second_dies_beside_it(autojump_clock: Any) -> None:
    async with stage(Venue()) as on:
        await on.carry("A")
        await on.renew(for_s=0.5)  # both are read
        on.venue.open[1].broken = ProviderError("expired", advice=Advice.NEW_TOKEN)
        await trio.sleep(MOST_S)
        assert len(on.venue.open) == 1
        assert on.seconds("A")[-1] >= 24
        assert on.told(FeedStatus)[-1].status == "live"


async def test_a_dead_token_is_waited_out_until_there_is_another(autojump_clock: Any) -> None:
    async with stage(Venue()) as on:
        on.venue.refuses = Advice.NEW_TOKEN
        await on.carry("A", for_s=100.0)
        status = on.told(FeedStatus)[-1]
        assert (status.status, status.cause) == ("failed", Cause.TOKEN_DEAD)
        on.venue.refuses = None
        await on.renew(for_s=3.0)
        assert on.told(FeedStatus)[-1].status == "live"


async def test_a_feed_that_replays_begins_where_it_was_last_heard(autojump_clock: Any) -> None:
    async with stage(Venue(replays=True)) as on:
        await on.carry("A")
        on.venue.open[0].broken = ProviderError("reset")
        await trio.sleep(5.0)
        first, second = on.venue.since
        assert first == 0
        assert NOON + 3 * SECOND_NS <= second <= NOON + 5 * SECOND_NS  # it is noted once a second, about


async def test_a_line_that_ends_while_it_comes_to_a_new_credential_leaves_nothing_behind(autojump_clock: Any) -> None:
    async with stage(Venue()) as on:
        await on.carry("A")
        await on.renew(for_s=0.1)
        await on.carry("")
        assert on.venue.open == []
        opened = on.venue.opened
        await on.carry("B")
        assert (on.venue.opened, len(on.venue.open)) == (opened + 1, 1)
        assert unbroken(on.seconds("B"))


async def test_who_joins_during_a_handover_is_heard_on_both_and_told_once(autojump_clock: Any) -> None:
    async with stage(Venue()) as on:
        await on.carry("A")
        await on.renew(for_s=0.5)
        await on.carry("AB", for_s=10.0)
        assert (on.venue.opened, len(on.venue.open)) == (2, 1)
        assert on.venue.log == ["+NSE:B", "+NSE:B"]
        assert unbroken(on.seconds("A"))
        assert unbroken(on.seconds("B"))
        assert len(on.seconds("B")) >= 9

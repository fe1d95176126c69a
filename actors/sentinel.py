"""The sentinel: knows of every instrument whether it is live, quiet, closed, halted, stale or unmapped, and tells changes."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, ClassVar

import structlog

from actors.messages import (
    Answered,
    Count,
    Diagnosed,
    FeedStatus,
    Interrupted,
    LineCarries,
    LineHeard,
    LinesWanted,
    Look,
    Resubscribe,
    SavePaces,
    SymbolStatus,
)
from actors.second_opinion import second_opinion
from engine.market import Calendars
from engine.market.diagnosis import STATUSES, Cause
from engine.market.vigil import Verdict, Vigil
from engine.providers.base import History, Route
from engine.runtime import ActorRef, MailboxSpec, Overflow, TaskActor, handles
from engine.storage.errors import StorageUnavailableError
from engine.storage.hot import HotStore

log = structlog.get_logger("ticktree.sentinel")

SECOND_NS = 1_000_000_000
LOOK_INTERVAL_S = 1.0
SAVE_INTERVAL_S = 300.0
OPINION_S = 15.0
ASKED_AT_ONCE = 1_000
"""What one call to a provider takes; the others wait for the next."""
TOLD_AT_ONCE = 500
"""Instruments in one event: clients that follow few of them must not be held up by it."""


class Sentinel(TaskActor):
    """Hears once a second of each line what came, looks at those that are due, and asks the provider where in doubt.

    One question at a time, for all that are in doubt then; the provider's own limits hold it back further.
    """

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=1_000, overflow=Overflow.DROP_OLDEST)

    def __init__(
        self,
        hot: HotStore,
        calendars: Calendars,
        histories: Mapping[str, History],
        *,
        publisher: ActorRef,
        heartbeat: ActorRef,
        resolver: ActorRef,
        feeds: Mapping[str, ActorRef],
        floor_s: float,
    ) -> None:
        super().__init__()
        self._floor_s = floor_s
        self._hot = hot
        self._calendars = calendars
        self._histories = histories
        self._publisher = publisher
        self._heartbeat = heartbeat
        self._resolver = resolver
        self._feeds = feeds
        self._vigil = Vigil(calendars.of)
        self._routes: dict[str, tuple[str, Route]] = {}
        self._asking: set[str] = set()
        self._told: dict[str, Cause] = {}
        self._unwritten: dict[str, dict[str, Any]] = {}
        self._anew = True
        """The store still has what an engine before us found."""

    async def on_start(self) -> None:
        try:
            self._vigil = self._new_vigil(await self._hot.paces())
        except StorageUnavailableError as error:
            self._vigil = self._new_vigil({})
            log.info("paces_not_read", error=str(error))
        for feed in self._feeds.values():
            if feed.is_alive():
                feed.tell(LinesWanted())
        self.send_every(LOOK_INTERVAL_S, Look())
        self.send_every(SAVE_INTERVAL_S, SavePaces())

    async def on_stop(self) -> None:
        await self.on_save_paces(SavePaces())

    @handles(LineCarries)
    def on_line_carries(self, line: LineCarries) -> None:
        self._routes |= {route.instrument: (line.provider, route) for route in line.routes}
        instruments = [route.instrument for route in line.routes]
        self._vigil.carry(_name(line.provider, line.connection), instruments, self._now_ns())

    @handles(LineHeard)
    def on_line_heard(self, heard: LineHeard) -> None:
        self._vigil.heard(heard.ticks, self._now_ns())

    @handles(FeedStatus)
    def on_feed_status(self, status: FeedStatus) -> None:
        self._vigil.line_is(_name(status.provider, status.connection), status.cause, self._now_ns())

    @handles(Answered)
    def on_answered(self, answer: Answered) -> None:
        self._asking.discard(answer.provider)
        self._vigil.answered(answer.quotes, answer.asked_ns, self._now_ns())

    @handles(Count)
    def on_count(self, _: Count) -> dict[str, int]:
        return {f"instruments_{cause}": count for cause, count in self._vigil.counts().items()}

    @handles(Look)
    async def on_look(self, _: Look) -> None:
        vigil = self._vigil
        vigil.look(self._now_ns())
        if not self._asking:
            self._ask(vigil.take_doubtful(ASKED_AT_ONCE))
        for line, instruments in vigil.take_helpless().items():
            provider, connection = line.rsplit("/", 1)
            self._feeds[provider].tell(Resubscribe(int(connection), tuple(instruments)))
        for lost in vigil.take_lost():
            self._resolver.tell(Interrupted(lost.instrument, lost.start_ns, lost.end_ns))
        changes = vigil.take_changes()
        if changes:
            self._tell(changes)
            self._heartbeat.tell(Diagnosed(vigil.counts()))
        await self._write()

    @handles(SavePaces)
    async def on_save_paces(self, _: SavePaces) -> None:
        try:
            await self._hot.set_paces(self._vigil.paces())
        except StorageUnavailableError as error:
            log.debug("paces_not_saved", error=str(error))

    def _ask(self, instruments: list[str]) -> None:
        by_provider: defaultdict[str, list[Route]] = defaultdict(list)
        for instrument in instruments:
            provider, route = self._routes[instrument]
            by_provider[provider].append(route)
        for provider, routes in by_provider.items():
            self._asking.add(provider)
            self.spawn(self._ask_provider, provider, routes)

    async def _ask_provider(self, provider: str, routes: list[Route]) -> None:
        asked_ns = self._now_ns()
        quotes = await second_opinion(self._histories[provider], routes, within_s=OPINION_S)
        log.info("asked_about_silence", provider=provider, count=len(routes), answered=quotes is not None)
        self.actor_ref.tell(Answered(provider, quotes or {}, asked_ns))

    def _tell(self, changes: list[Verdict]) -> None:
        """What has one reason is told in one event: at the close thousands of instruments change at once."""
        together: defaultdict[tuple[Cause, int, str], list[str]] = defaultdict(list)
        for verdict in changes:
            if self._is_news(verdict):
                together[verdict.cause, verdict.since_ns, verdict.why].append(verdict.instrument)
            self._unwritten[verdict.instrument] = {
                "status": STATUSES[verdict.cause],
                "cause": verdict.cause,
                "since": verdict.since_ns // 1_000_000,
                "why": verdict.why,
            }
        for (cause, since_ns, why), names in together.items():
            log.info("instruments_diagnosed", cause=cause, count=len(names), first=names[0], why=why)
            for start in range(0, len(names), TOLD_AT_ONCE):
                told = tuple(names[start : start + TOLD_AT_ONCE])
                self._publisher.tell(SymbolStatus(told, STATUSES[cause], since_ns, why, cause))

    def _is_news(self, verdict: Verdict) -> bool:
        """That an illiquid one has traded, or has not, is none: it would fill the stream of events."""
        before, self._told[verdict.instrument] = self._told.get(verdict.instrument), verdict.cause
        return before is None or not {before, verdict.cause} <= {Cause.LIVE, Cause.QUIET}

    async def _write(self) -> None:
        """For those that come late. While the store is away the newest of each is kept until it is back."""
        if not self._unwritten:
            return
        try:
            await self._hot.set_statuses(self._unwritten, anew=self._anew)
        except StorageUnavailableError as error:
            log.debug("statuses_not_written", error=str(error))
            return
        self._unwritten = {}
        self._anew = False

    def _new_vigil(self, paces: Mapping[str, tuple[float, float]]) -> Vigil:
        return Vigil(self._calendars.of, paces, haste=self._haste(), floor_s=self._floor_s)

    def _haste(self) -> float:
        """What we hear of a second of ours is hours old for a market that is replayed a thousand times too fast."""
        hour_ns = 3_600 * SECOND_NS
        return max(1.0, 3_600 / max(self.system.clock.seconds_until(self._now_ns() + hour_ns), 0.001))

    def _now_ns(self) -> int:
        return self.system.clock.now_ns()


def _name(provider: str, connection: int) -> str:
    return f"{provider}/{connection}"

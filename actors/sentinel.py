"""The sentinel: knows of every instrument whether it is live, quiet, closed, halted, stale or unmapped, and tells changes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, ClassVar

import msgspec
import structlog

from actors.messages import (
    Carried,
    CarriersWanted,
    Count,
    Diagnosed,
    FeedStatus,
    Interrupted,
    LegsAsked,
    LineCarries,
    LineHeard,
    LinesWanted,
    Message,
    Polled,
    Resubscribe,
    SymbolStatus,
)
from actors.pace import Pace
from actors.roomless import ROOMLESS, Roomless
from actors.second_opinion import second_opinion
from engine.market import Calendars, Quote
from engine.market.diagnosis import STATUSES, Cause, explain
from engine.market.vigil import Verdict, Vigil
from engine.providers.base import History, Route
from engine.runtime import ActorRef, MailboxSpec, Overflow, TaskActor, handles
from engine.storage.errors import StorageUnavailableError
from engine.storage.hot import HotStore

log = structlog.get_logger("ticktree.sentinel")

SECOND_NS = 1_000_000_000
HEALS_INTERVAL_S = 3.0
SAVE_INTERVAL_S = 300.0
OPINION_S = 15.0
ASKED_AT_ONCE = 1_000
"""What one call to a provider takes; the others wait for the next."""
TOLD_AT_ONCE = 500
"""Instruments in one event: clients that follow few of them must not be held up by it."""


WELL = frozenset({Cause.LIVE, Cause.QUIET})
RECENT_NS = 3_600 * SECOND_NS


class Look(Message, frozen=True, gc=False):
    """See who has become silent."""


class LookForHeals(Message, frozen=True, gc=False):
    """See whose holes are being healed."""


class Answered(Message, frozen=True, gc=False):
    """What a provider said of instruments it was asked about; ``None`` for those it does not know."""

    provider: str
    quotes: dict[str, Quote | None]
    asked_ns: int


class SavePaces(Message, frozen=True, gc=False):
    """Keep what was learned of the instruments' paces for the next session."""


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
        surveyor: ActorRef,
        manager: ActorRef,
        feeds: Mapping[str, ActorRef],
        floor_s: float,
        look_interval_s: float = Pace().look_s,
    ) -> None:
        super().__init__()
        self._look_interval_s = look_interval_s
        self._floor_s = floor_s
        self._hot = hot
        self._calendars = calendars
        self._histories = histories
        self._publisher = publisher
        self._heartbeat = heartbeat
        self._resolver = resolver
        self._surveyor = surveyor
        self._manager = manager
        self._feeds = feeds
        self._vigil = Vigil(calendars.of)
        self._routes: dict[str, tuple[str, Route]] = {}
        self._lines: dict[tuple[str, int], tuple[Route, ...]] = {}
        """What each connection brings, also where another provider carries it."""
        self._watched_on: dict[tuple[str, int], tuple[Route, ...]] = {}
        """Of it, what it is watched on."""
        self._carriers: Mapping[str, str] = {}
        self._roomless = Roomless(calendars)
        self._asking: set[str] = set()
        self._told: dict[str, tuple[str, Cause]] = {}
        self._healing: frozenset[str] = frozenset()
        self._unwritten: dict[str, dict[str, Any] | None] = {}
        self._anew = True
        """The store still has what an engine before us found."""

    async def on_start(self) -> None:
        try:
            self._vigil = self._new_vigil(await self._hot.paces())
        except StorageUnavailableError as error:
            self._vigil = self._new_vigil({})
            log.info("paces_not_read", error=str(error))
        if self._manager.is_alive():
            self._manager.tell(CarriersWanted())
        for feed in self._feeds.values():
            if feed.is_alive():
                feed.tell(LinesWanted())
        self.send_every(self._look_interval_s, Look())
        self.send_every(HEALS_INTERVAL_S, LookForHeals())
        self.send_every(SAVE_INTERVAL_S, SavePaces())

    async def on_stop(self) -> None:
        await self.on_save_paces(SavePaces())

    @handles(LineCarries)
    def on_line_carries(self, line: LineCarries) -> None:
        self._surveyor.tell(line)
        if line.routes:
            self._lines[line.provider, line.connection] = line.routes
        else:
            self._lines.pop((line.provider, line.connection), None)
            self._watched_on.pop((line.provider, line.connection), None)
            self._vigil.carry(_name(line.provider, line.connection), (), self._now_ns())
        self._follow_lines()

    @handles(Carried)
    def on_carried(self, carried: Carried) -> None:
        """Two lines may bring an instrument; it is watched on the one of who carries it."""
        self._carriers = carried.carriers
        self._follow_lines()
        if carried.uncarried != self._roomless.names:
            gone = frozenset(self._roomless.names).difference(carried.uncarried, carried.carriers)
            self._unwritten |= dict.fromkeys(gone)
            self._roomless.replace(carried.uncarried)
            self._tell_roomless()

    @handles(LegsAsked)
    def on_legs_asked(self, asked: LegsAsked) -> None:
        self._roomless.asked(asked.instruments)

    def _follow_lines(self) -> None:
        brought = {(provider, route.instrument) for (provider, _), routes in self._lines.items() for route in routes}
        for (provider, connection), routes in self._lines.items():
            mine = tuple(route for route in routes if self._is_watched_on(provider, route.instrument, brought))
            if self._watched_on.get((provider, connection)) != mine:  # looking at thousands anew is not cheap
                self._watched_on[provider, connection] = mine
                self._routes |= {route.instrument: (provider, route) for route in mine}
                self._vigil.carry(_name(provider, connection), [route.instrument for route in mine], self._now_ns())

    def _is_watched_on(self, provider: str, instrument: str, brought: AbstractSet[tuple[str, str]]) -> bool:
        """While who is to carry it does not bring it yet, it is watched where it was."""
        carrier = self._carriers.get(instrument, provider)
        return carrier == provider or (carrier, instrument) not in brought

    @handles(LineHeard)
    def on_line_heard(self, heard: LineHeard) -> None:
        self._surveyor.tell(heard)
        carrier = self._carriers.get
        ticks = {name: tick for name, tick in heard.ticks.items() if carrier(name, heard.provider) == heard.provider}
        self._vigil.heard(ticks, self._now_ns())

    @handles(Polled)
    def on_polled(self, polled: Polled) -> None:
        self._vigil.polled(polled.instruments, self._now_ns())

    @handles(FeedStatus)
    def on_feed_status(self, status: FeedStatus) -> None:
        self._surveyor.tell(status)
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
        changes, gone = vigil.take_changes(), vigil.take_gone()
        self._take_back(gone)
        self._tell(changes)
        self._tell_roomless()
        if changes or gone:
            self._heartbeat.tell(Diagnosed(vigil.counts()))
        await self._write()

    @handles(LookForHeals)
    async def on_look_for_heals(self, _: LookForHeals) -> None:
        """Tells for whom a heal of the last hour has begun or ended. An older hole is nothing that a live price shows."""
        now_ns = self._now_ns()
        try:
            spans = await self._hot.healing()
        except StorageUnavailableError as error:
            log.debug("heals_not_read", error=str(error))
            return
        healing = frozenset(name for name, found in spans.items() if found[-1][1] > now_ns - RECENT_NS)
        changed, self._healing = healing ^ self._healing, healing
        found = [verdict for name in sorted(changed) if (verdict := self._vigil.verdict(name)) is not None]
        self._tell(msgspec.structs.replace(verdict, since_ns=now_ns) for verdict in found)

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

    def _tell(self, changes: Iterable[Verdict]) -> None:
        """What has one reason is told in one event: at the close thousands of instruments change at once."""
        together: defaultdict[tuple[str, Cause, int, str], list[str]] = defaultdict(list)
        for verdict in changes:
            status, why = self._status(verdict)
            if self._is_news(verdict, status):
                together[status, verdict.cause, verdict.since_ns, why].append(verdict.instrument)
            since_ms = verdict.since_ns // 1_000_000
            self._unwritten[verdict.instrument] = {
                "status": status, "cause": verdict.cause, "since": since_ms, "why": why
            }  # fmt: skip
        for (status, cause, since_ns, why), names in together.items():
            self._announce(names, cause, status, since_ns, why)

    def _take_back(self, gone: Sequence[str]) -> None:
        """Who follows one that nobody carries any more is told so; who comes later finds nothing said of it.

        Where there is no room for it any more, that is told instead.
        """
        for name in gone:
            self._unwritten[name] = None
            self._told.pop(name, None)
            self._routes.pop(name, None)
        roomless = self._roomless.forget(gone)
        left = [name for name in gone if name not in roomless]
        if left:
            cause = Cause.NOT_CARRIED
            self._announce(left, cause, STATUSES[cause], self._now_ns(), explain(cause, 0.0, 0.0))

    def _tell_roomless(self) -> None:
        """Who comes later finds it, too: it is wanted, and there is no room."""
        now_ns = self._now_ns()
        for cause, names in self._roomless.changes(now_ns).items():
            status, why = STATUSES[cause], ROOMLESS[cause]
            told = {"status": status, "cause": cause, "since": now_ns // 1_000_000, "why": why}
            self._unwritten |= dict.fromkeys(names, told)
            self._announce(names, cause, status, now_ns, why)

    def _announce(self, names: Sequence[str], cause: Cause, status: str, since_ns: int, why: str) -> None:
        log.info("instruments_diagnosed", status=status, cause=cause, count=len(names), first=names[0], why=why)
        for start in range(0, len(names), TOLD_AT_ONCE):
            told = tuple(names[start : start + TOLD_AT_ONCE])
            self._publisher.tell(SymbolStatus(told, status, since_ns, why, cause))

    def _status(self, verdict: Verdict) -> tuple[str, str]:
        """The contract's status and its reason: one that is well may still be missing what is being healed."""
        if verdict.cause in WELL and verdict.instrument in self._healing:
            return "backfilling", "what was missed is being read from the provider's history"
        return STATUSES[verdict.cause], verdict.why

    def _is_news(self, verdict: Verdict, status: str) -> bool:
        """That an illiquid one has traded, or has not, is none: it would fill the stream of events."""
        told = status, Cause.LIVE if verdict.cause in WELL else verdict.cause
        before, self._told[verdict.instrument] = self._told.get(verdict.instrument), told
        return before != told

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

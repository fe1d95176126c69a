"""The switchboard: which instruments there are, which provider carries each, and who receives its ticks."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, ClassVar

import anyio
import structlog

from actors.instrument import InstrumentActor, Outlets
from actors.messages import Covered, CoverWanted, FeedStarted, MappingsChanged, TakeUp, Wanted
from engine.market import Calendars, Candle, CandleBook, InstrumentKind, LimitTable, PriceGuard, StateError, VolumeMeter
from engine.providers.base import Route
from engine.runtime import (
    GENTLE,
    ActorRef,
    ChildSpec,
    MailboxSpec,
    Overflow,
    StartChildren,
    TaskActor,
    Terminated,
    Timer,
    handles,
)
from engine.storage.durable import DurableStore, MappedInstrument
from engine.storage.hot import HotStore

log = structlog.get_logger("ticktree.provider_manager")

START_TIMEOUT_S = 120.0
QUIET_S = 2.0
LATEST_S = 30.0
"""Whoever changes one mapping by hand often changes the next, and each taking up connects feeds anew: it waits for a pause,
but not longer than this."""
NS_PER_S = 1_000_000_000
DAY_NS = 86_400 * NS_PER_S


class InstrumentsLostError(Exception):
    """The supervisor of all instruments gave up; its successor has none."""


class ProviderManager(TaskActor):
    """Starts one actor an instrument and gives every feed its wanted set."""

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=100, overflow=Overflow.FAIL)

    def __init__(
        self,
        hot: HotStore,
        durable: DurableStore,
        calendars: Calendars,
        limits: LimitTable,
        outlets: Outlets,
        *,
        instruments: ActorRef,
        feeds: Mapping[str, ActorRef],
        resolver: ActorRef,
    ) -> None:
        super().__init__()
        self._hot = hot
        self._durable = durable
        self._calendars = calendars
        self._limits = limits
        self._outlets = outlets
        self._instruments = instruments
        self._feeds = feeds
        self._resolver = resolver
        self._routes: dict[str, tuple[Route, ...]] = {}
        """What each provider's feed carries."""
        self._known: dict[str, tuple[Route, ...]] = {}
        """What each provider's history may be asked for."""
        self._taking_up: Timer | None = None
        self._latest_s = 0.0

    async def on_start(self) -> None:
        """In the order of preference: an instrument two providers know is carried by the first.

        Who knows it, too, is known to the resolver before its feed begins: what the first lacks, the next is asked for.
        """
        await self._take_up_all()
        self.watch(self._instruments)

    @handles(MappingsChanged)
    def on_mappings_changed(self, _: MappingsChanged) -> None:
        now_s = anyio.current_time()
        if self._taking_up is None:
            self._latest_s = now_s + LATEST_S
        else:
            self._taking_up.cancel()
        self._taking_up = self.send_after(min(QUIET_S, max(0.0, self._latest_s - now_s)), TakeUp())

    @handles(TakeUp)
    async def on_take_up(self, _: TakeUp) -> None:
        """What is new begins, what is gone is no longer carried; a feed whose set changes is connected anew."""
        self._taking_up = None  # before anything is read: what changes from now on is looked at again
        await self._take_up_all()

    async def _take_up_all(self) -> None:
        self._calendars.learn(await self._durable.exchanges())
        today = self._today()
        rows = {provider: self._usable(await self._durable.routes(provider, today)) for provider in self._feeds}
        self._known = {provider: tuple(map(self._route, known)) for provider, known in rows.items()}
        self.on_cover_wanted(CoverWanted())
        taken: set[str] = set()
        for provider, known in rows.items():
            mapped = [row for row in known if row.instrument not in taken]
            taken.update(row.instrument for row in mapped)
            await self._take_up(provider, mapped)

    def _usable(self, rows: Sequence[MappedInstrument]) -> list[MappedInstrument]:
        """Without those of exchanges of which nobody knows when they trade: one such row must not end the engine."""
        usable = [row for row in rows if self._calendars.usable(row.instrument)]
        if len(usable) < len(rows):
            left_out = sorted({row.instrument for row in rows} - {row.instrument for row in usable})
            log.warning(
                "instruments_left_out", count=len(left_out), first=left_out[:3], why="no hours of their exchange"
            )
        return usable

    @handles(Terminated)
    def on_terminated(self, terminated: Terminated) -> None:
        """To begin anew is the whole cure: the next start finds all instruments absent."""
        raise InstrumentsLostError(f"{terminated.path}: {terminated.reason}")

    @handles(CoverWanted)
    def on_cover_wanted(self, _: CoverWanted) -> None:
        for provider, routes in self._known.items():
            self._resolver.tell(Covered(provider, routes))

    @handles(FeedStarted)
    def on_feed_started(self, message: FeedStarted) -> None:
        self._feeds[message.provider].tell(Wanted(self._routes.get(message.provider, ())))

    async def _take_up(self, provider: str, mapped: Sequence[MappedInstrument]) -> None:
        routes = self._routes[provider] = tuple(self._route(row) for row in mapped)
        await self._hot.set_maps(
            provider,
            {row.instrument: f"{row.segment}|{row.provider_symbol}" for row in mapped},
            {route.key: route.instrument for route in routes},
        )
        await self._start_instruments(provider, routes)
        if self._feeds[provider].is_alive():
            self._feeds[provider].tell(Wanted(routes))
        log.info("instruments_active", provider=provider, count=len(routes))

    async def _start_instruments(self, provider: str, routes: Sequence[Route]) -> None:
        """Those that run already, because only this actor was restarted, are left alone."""
        absent = [route for route in routes if not route.target.is_alive()]
        states = await self._hot.states([route.instrument for route in absent])
        closed = await self._closed_since(states)
        specs = [
            ChildSpec(route.instrument, partial(self._instrument, provider, route, states, closed), backoff=GENTLE)
            for route in absent
        ]
        await self._instruments.ask(StartChildren(specs), timeout_s=START_TIMEOUT_S)

    async def _closed_since(self, states: Mapping[str, Mapping[str, Any]]) -> dict[str, list[Candle]]:
        """Minutes that were written after the states that still hold them open: a kill may come between the two."""
        opened = [CandleBook.unclosed_ns(state.get("book", {})) for state in states.values()]
        since_ns = min((start_ns for start_ns in opened if start_ns is not None), default=None)
        if since_ns is None:
            return {}
        now_ns = self.system.clock.now_ns()
        return await self._hot.candles_many(list(states), "1m", max(since_ns, now_ns - DAY_NS), now_ns)

    def _route(self, row: MappedInstrument) -> Route:
        target = self.system.ref(f"{self._instruments.path}/{row.instrument}")
        return Route(row.instrument, row.segment, row.provider_symbol, row.tick_size, row.kind, target)

    def _today(self) -> date:
        return datetime.fromtimestamp(self.system.clock.now_ns() // NS_PER_S, UTC).date()

    def _instrument(
        self, provider: str, route: Route, states: dict[str, dict[str, Any]], closed: dict[str, list[Candle]]
    ) -> InstrumentActor:
        """The state serves the first start only: after a crash it is of long ago, and would be told again as news."""
        try:
            return self._resumed(provider, route, states.pop(route.instrument, {}), closed.pop(route.instrument, ()))
        except StateError as error:
            log.warning("state_unusable", instrument=route.instrument, error=str(error))
            return self._resumed(provider, route, {})

    def _resumed(
        self, provider: str, route: Route, state: Mapping[str, Any], closed: Sequence[Candle] = ()
    ) -> InstrumentActor:
        """One that goes on from its state; without any it begins now, and its day is healed."""
        calendar, now_ns = self._calendars.of(route.instrument), self.system.clock.now_ns()
        book = CandleBook.restore(route.instrument, calendar, provider, state.get("book"), now_ns)
        book.know_closed(closed)
        is_traded = route.kind != InstrumentKind.INDEX
        meter = VolumeMeter.restore(state.get("baseline"), calendar, now_ns, counts_ticks=is_traded)
        seen_ns = int(state.get("ts_event", 0))
        reach = self._limits.of(route.instrument, route.kind).jump.reach(route.tick_size)
        guard = PriceGuard(reach, state["book"]["price"] if state else None, seen_ns)
        return InstrumentActor(book, meter, guard, route.key, self._outlets, interrupted_since_ns=seen_ns)

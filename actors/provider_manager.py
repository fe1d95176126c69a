"""The switchboard: which instruments there are, which provider carries each, and who receives its ticks."""

from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, ClassVar

import anyio
import msgspec
import structlog

from actors.carrying import Carrying, Known, Move, exchange_of
from actors.instrument import Outlets
from actors.instrument_maker import InstrumentMaker
from actors.messages import (
    Alert,
    Carried,
    CarriedCounts,
    CarriersWanted,
    Carry,
    Covered,
    CoverWanted,
    Favoured,
    FeedStarted,
    HealthWanted,
    LookAtHealth,
    MappingsChanged,
    MoveOver,
    ProviderHealth,
    Stranded,
    TakeUp,
    Wanted,
)
from actors.pace import Pace
from engine.market import Calendars, LimitTable
from engine.providers.base import Route
from engine.runtime import (
    ActorRef,
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
"""Whoever changes one mapping by hand often changes the next, and each taking up reads all of them: it waits for a pause,
but not longer than this."""
NS_PER_S = 1_000_000_000
OVERLAP_NS = 150 * NS_PER_S
"""So long, by the engine's clock, both providers bring what passes from one to the other as planned: the heir has to be heard
first, which for some takes a while, and then a minute's end is waited for."""
REMEMBERED_MOVES = 20


class InstrumentsLostError(Exception):
    """The supervisor of all instruments gave up; its successor has none."""


class Neighbours(msgspec.Struct, frozen=True):
    """Whom the switchboard tells who carries what."""

    instruments: ActorRef
    feeds: Mapping[str, ActorRef]
    resolver: ActorRef
    sentinel: ActorRef
    heartbeat: ActorRef
    publisher: ActorRef
    surveyor: ActorRef
    fallback: ActorRef
    chains: ActorRef
    """Who asks for what feeds do not bring of option chains."""


class ProviderManager(TaskActor):
    """Starts one actor an instrument, gives every feed its wanted set, and passes instruments from feed to feed."""

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=1_000, overflow=Overflow.FAIL)

    def __init__(
        self,
        hot: HotStore,
        durable: DurableStore,
        calendars: Calendars,
        limits: LimitTable,
        outlets: Outlets,
        *,
        to: Neighbours,
        carrying: Carrying,
        look_interval_s: float = Pace().look_s,
    ) -> None:
        """``carrying`` outlives this actor: who stands in for whom is not forgotten with it."""
        super().__init__()
        self._hot = hot
        self._durable = durable
        self._calendars = calendars
        self._limits = limits
        self._outlets = outlets
        self._to = to
        self._look_interval_s = look_interval_s
        self._carrying = carrying
        self._known: Known = {}
        """What each provider's history may be asked for, and its feed could carry."""
        self._leaving: dict[str, str] = {}
        """Whom instruments leave as planned: it brings them, too, until the move is over."""
        self._moves: deque[dict[str, Any]] = deque(maxlen=REMEMBERED_MOVES)
        self._stranded: Mapping[str, str] = {}
        self._taking_up: Timer | None = None
        self._latest_s = 0.0

    async def on_start(self) -> None:
        """Who knows an instrument is known to the resolver before its feed begins: what one lacks, the next is asked for."""
        await self._take_up_all()
        self.watch(self._to.instruments)
        self._to.surveyor.tell(HealthWanted())
        self.send_every(self._look_interval_s, LookAtHealth())

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
        """What is new begins, what is gone is no longer carried."""
        self._taking_up = None  # before anything is read: what changes from now on is looked at again
        await self._take_up_all()

    @handles(Terminated)
    def on_terminated(self, terminated: Terminated) -> None:
        """To begin anew is the whole cure: the next start finds all instruments absent."""
        raise InstrumentsLostError(f"{terminated.path}: {terminated.reason}")

    @handles(CoverWanted)
    def on_cover_wanted(self, _: CoverWanted) -> None:
        for provider, routes in self._known.items():
            self._to.resolver.tell(Covered(provider, tuple(routes.values())))

    @handles(CarriersWanted)
    def on_carriers_wanted(self, _: CarriersWanted) -> None:
        self._tell_who_carries()

    @handles(FeedStarted)
    def on_feed_started(self, message: FeedStarted) -> None:
        self._tell_wanted(message.provider)

    @handles(ProviderHealth)
    def on_provider_health(self, told: ProviderHealth) -> None:
        now_s = anyio.current_time()
        for (provider, exchange), health in told.healths.items():
            self._carrying.report(provider, exchange, health, now_s)

    @handles(LookAtHealth)
    def on_look(self, _: LookAtHealth) -> None:
        moves = self._carrying.look(anyio.current_time())
        if moves:
            self._perform(moves)
        stranded = self._carrying.stranded()
        if stranded != self._stranded:
            self._stranded = stranded
            self._to.fallback.tell(Stranded(stranded))

    @handles(Favoured)
    def on_favoured(self, favoured: Favoured) -> None:
        """What gets room now is told who carries it: it may have been made with another in mind."""
        before = self._carrying.carriers
        moves = self._carrying.favour(favoured.instruments)
        if self._carrying.carriers == before:
            return
        for instrument in self._carrying.carriers.keys() - before.keys():
            self._tell_carrier(instrument, urgent=True)
        self._perform(moves)

    @handles(MoveOver)
    def on_move_over(self, over: MoveOver) -> None:
        """Those whose heir was not heard so long pass to it when it is; the one they leave brings them no more."""
        for instrument in over.instruments:
            if self._leaving.get(instrument) != over.source:
                continue
            del self._leaving[instrument]
            self._tell_carrier(instrument, urgent=True)
        self._tell_who_carries()

    # Taking up

    async def _take_up_all(self) -> None:
        self._calendars.learn(await self._durable.exchanges())
        today = self._today()
        rows = {provider: self._usable(await self._durable.routes(provider, today)) for provider in self._to.feeds}
        self._known = {
            provider: {row.instrument: self._route(row) for row in known} for provider, known in rows.items()
        }
        self.on_cover_wanted(CoverWanted())
        for provider, known in rows.items():
            await self._hot.set_maps(
                provider,
                {row.instrument: f"{row.segment}|{row.provider_symbol}" for row in known},
                {route.key: route.instrument for route in self._known[provider].values()},
            )
        moves = self._carrying.take_up(self._known, _priorities(rows), anyio.current_time())
        await self._start_instruments()
        self._perform(moves)
        log.info("instruments_active", **{name: len(self._carrying.wanted(name)) for name in self._to.feeds})

    def _usable(self, rows: Sequence[MappedInstrument]) -> list[MappedInstrument]:
        """Without those of exchanges of which nobody knows when they trade: one such row must not end the engine."""
        usable = [row for row in rows if self._calendars.usable(row.instrument)]
        if len(usable) < len(rows):
            left_out = sorted({row.instrument for row in rows} - {row.instrument for row in usable})
            log.warning(
                "instruments_left_out", count=len(left_out), first=left_out[:3], why="no hours of their exchange"
            )
        return usable

    async def _start_instruments(self) -> None:
        """Those that run already, because only this actor was restarted, are told who carries them now."""
        names = {name: route for known in self._known.values() for name, route in known.items()}
        absent = [name for name, route in names.items() if not route.target.is_alive()]
        for name in names.keys() - set(absent):
            self._tell_carrier(name, urgent=False)
        maker = InstrumentMaker(
            self._hot, self._calendars, self._limits, self._outlets, clock=self.system.clock, carrier=self._carrier
        )
        await self._to.instruments.ask(StartChildren(await maker.specs(absent)), timeout_s=START_TIMEOUT_S)

    def _carrier(self, instrument: str) -> tuple[str, Route]:
        """Where nobody has room for it the first who knows it: its history is healed all the same."""
        provider = self._carrying.carriers.get(instrument)
        if provider is None:
            provider = next(name for name, known in self._known.items() if instrument in known)
        return provider, self._known[provider][instrument]

    def _route(self, row: MappedInstrument) -> Route:
        target = self.system.ref(f"{self._to.instruments.path}/{row.instrument}")
        return Route(row.instrument, row.segment, row.provider_symbol, row.tick_size, row.kind, target)

    def _today(self) -> date:
        return datetime.fromtimestamp(self.system.clock.now_ns() // NS_PER_S, UTC).date()

    # Moving

    def _perform(self, moves: Sequence[Move]) -> None:
        """The heir is subscribed first; whoever carried the instruments goes on with them until a planned move is over."""
        for move in moves:
            for instrument in move.instruments:
                self._leaving.pop(instrument, None)
                if not move.urgent:
                    self._leaving[instrument] = move.source
            self._tell_move(move)
        self._tell_who_carries()
        for move in moves:
            for instrument in move.instruments:
                self._tell_carrier(instrument, urgent=move.urgent, since_ns=move.since_ns)
            if not move.urgent:
                delay_s = self.system.clock.seconds_until(self.system.clock.now_ns() + OVERLAP_NS)
                self.send_after(delay_s, MoveOver(move.source, move.instruments))

    def _tell_carrier(self, instrument: str, *, urgent: bool, since_ns: int = 0) -> None:
        provider, route = self._carrier(instrument)
        route.target.tell(Carry(provider, route.key, urgent, since_ns))

    def _tell_who_carries(self) -> None:
        carrying = self._carrying
        carried = Carried(carrying.carriers, dict(self._leaving), carrying.uncarried)
        for listener in (self._to.resolver, self._to.sentinel, self._to.chains):
            listener.tell(carried)
        for provider in self._to.feeds:
            self._tell_wanted(provider)
        counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for instrument, provider in carrying.carriers.items():
            counts[exchange_of(instrument)][provider] += 1
        self._to.heartbeat.tell(
            CarriedCounts(
                {code: dict(found) for code, found in counts.items()}, len(carrying.uncarried), (*self._moves,)
            )
        )

    def _tell_wanted(self, provider: str) -> None:
        """One that is being replaced asks for it when it begins."""
        if not self._to.feeds[provider].is_alive():
            return
        wanted = self._carrying.wanted(provider)
        wanted |= {instrument for instrument, source in self._leaving.items() if source == provider}
        routes = self._known.get(provider, {})
        self._to.feeds[provider].tell(Wanted(tuple(route for name, route in routes.items() if name in wanted)))

    def _tell_move(self, move: Move) -> None:
        now_ns, count = self.system.clock.now_ns(), len(move.instruments)
        log.warning(
            "instruments_moved", exchange=move.exchange, source=move.source, heir=move.heir, count=count, why=move.why
        )
        self._moves.append(
            {
                "exchange": move.exchange,
                "from": move.source,
                "to": move.heir,
                "count": count,
                "urgent": move.urgent,
                "why": move.why,
                "at": now_ns // 1_000_000,
            }
        )
        words = f"{move.exchange}: {count} instruments pass from {move.source} to {move.heir} ({move.why})"
        self._to.publisher.tell(Alert("", words, now_ns))


def _priorities(rows: Mapping[str, Sequence[MappedInstrument]]) -> dict[tuple[str, str], int]:
    """By exchange and provider, as the table of priorities says."""
    return {(exchange_of(row.instrument), provider): row.priority for provider, known in rows.items() for row in known}

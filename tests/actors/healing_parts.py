"""What the tests of healing share: stores in memory, a clock, and providers whose record is given."""

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import msgspec
import trio

from actors.candle_writer import CandleWriter
from actors.healer import Healer
from actors.messages import CandlesWritten, Covered, Heal
from actors.records import Records
from actors.resolver import Resolver
from actors.routes import Routes
from actors.scanner import Scanner
from actors.sources import Sources
from engine.market import Calendars, Candle, Instrument, InstrumentKind
from engine.providers.base import HistoryLimits, ProviderError, Route
from engine.runtime import ActorRef, ActorSystem
from engine.storage.durable import DurableStore, Exchange, ProviderMapping
from engine.storage.hot import HotStore
from engine.storage.memory import MemoryDurableStore, MemoryHotStore
from tests.actors.parts import MINUTE_NS, NAME, NOON, among_witnesses

DAY_NS = 1_440 * MINUTE_NS
WEEK_NS = 7 * DAY_NS
SETTLE_AFTER_NS = 7 * MINUTE_NS


class Provider:
    """A provider's history: what it has, what it answers instead, and what it was asked."""

    def __init__(self, minutes: Iterable[Candle] = (), *, look_back_days: int | None = None) -> None:
        self.record = {minute.time: minute for minute in minutes}
        self.error: ProviderError | None = None
        self.asked: list[tuple[int, int]] = []
        self.limits = HistoryLimits({"1m": look_back_days}, days_per_call=90, calls_per_second=5.0)

    async def candles(
        self, route: Route, timeframe: str, start_ns: int, end_ns: int, *, patient: bool = False
    ) -> list[Candle]:
        assert (route.instrument, timeframe) == (NAME, "1m"), patient
        self.asked.append((start_ns, end_ns))
        await trio.sleep(0.1)
        if self.error is not None:
            raise self.error
        return [minute for time, minute in sorted(self.record.items()) if start_ns <= time < end_ns]


class Ward(msgspec.Struct):
    """A healer and all it deals with."""

    healer: Healer
    hot: HotStore
    durable: DurableStore
    told: list[Any]
    """What listeners of the writer, and of the healer itself, were told."""
    instrument: list[Any]
    routes: Routes
    resolver: ActorRef

    async def revisions(self) -> list[Candle]:
        """What clients were told, when all of it has arrived."""
        await trio.sleep(1)
        return [candle for message in self.told if isinstance(message, CandlesWritten) for candle in message.candles]

    def heals(self) -> list[Heal]:
        return [message for message in self.instrument if isinstance(message, Heal)]


def sources_of(providers: dict[str, Provider], routes: Routes, now_ns: int = NOON) -> Sources:
    return Sources(providers, routes, now_ns=lambda: now_ns)  # pyright: ignore[reportArgumentType]


def routes_of(providers: Sequence[str], target: ActorRef | None = None) -> Routes:
    routes = Routes(providers)
    for provider in reversed(providers):
        routes.cover(provider, [Route(NAME, "NSE_EQ", "1", 0.05, "equity", target)])
    return routes


def around_the_clock() -> Calendars:
    """NSE that never closes; no other exchange is asked for."""
    return Calendars(lambda _: {}, {"NSE": "Asia/Kolkata"})


@asynccontextmanager
async def ward(*, agrees: bool = True, **providers: Provider) -> AsyncGenerator[Ward]:
    """A healer at noon, among the real writer, stores in memory, and an instrument that agrees to everything, or nothing."""
    hot, durable = MemoryHotStore(lambda: NOON), MemoryDurableStore()
    await durable.seed(
        [Exchange("NSE", "NSE", "Asia/Kolkata", is_24_hours=True)],
        [Instrument(0, "NSE", "A", "A", InstrumentKind.EQUITY, 0.05)],
        [ProviderMapping("one", NAME, "NSE_EQ", "1", date(2020, 1, 1))],
    )
    calendars = around_the_clock()

    def writer(system: Any) -> CandleWriter:
        names = ("persister", "publisher", "resolver", "charts", "surveyor")
        to = {name: system.ref(f"/engine/{name}") for name in names}
        return CandleWriter(hot, **to)

    witnesses = ("persister", "publisher", "charts", "instrument")
    async with among_witnesses(writer, *witnesses, answer=agrees) as (system, seen):
        routes = routes_of(list(providers), system.ref("/engine/instrument"))
        healer = Healer(
            Records(hot, durable, calendars),
            sources_of(providers, routes),
            routes,
            calendars,
            writer=system.ref("/engine/subject"),
            listeners=[system.ref("/engine/publisher")],
            now_ns=lambda: NOON,
            settle_after_ns=SETTLE_AFTER_NS,
            retention_ns=WEEK_NS,
        )
        to_resolver = system.ref("/engine/resolver")
        yield Ward(healer, hot, durable, seen["publisher"], seen["instrument"], routes, to_resolver)


@asynccontextmanager
async def resolver(
    history: Any, hot: HotStore, durable: DurableStore, names: Sequence[str]
) -> AsyncGenerator[tuple[ActorRef, ActorSystem, dict[str, list[Any]]]]:
    """A resolver at noon that heals these instruments from the only provider there is, and keeps gaps for a week.

    The provider's ``history`` has what healing asks of one: ``limits`` and ``candles``.
    """
    calendars = around_the_clock()

    def make(system: ActorSystem) -> Resolver:
        now_ns = system.clock.now_ns
        routes, records = Routes(["test"]), Records(hot, durable, calendars)
        healer = Healer(
            records,
            Sources({"test": history}, routes, now_ns=now_ns),
            routes,
            calendars,
            writer=system.ref("/engine/writer"),
            listeners=(),
            now_ns=now_ns,
            settle_after_ns=MINUTE_NS,
            retention_ns=WEEK_NS,
        )
        scanner = Scanner(
            hot, durable, records, calendars, now_ns=now_ns, retention_ns=WEEK_NS, settle_after_ns=MINUTE_NS
        )
        manager = system.ref("/engine/nobody")
        return Resolver(
            hot, healer, scanner, routes, calendars, manager=manager, retention_ns=WEEK_NS, jitter=lambda: 0.0
        )

    async with among_witnesses(make, "writer", "instrument", answer=True) as (system, seen):
        subject, target = system.ref("/engine/subject"), system.ref("/engine/instrument")
        subject.tell(Covered("test", tuple(Route(name, "NSE_EQ", name, 0.05, "equity", target) for name in names)))
        yield subject, system, seen

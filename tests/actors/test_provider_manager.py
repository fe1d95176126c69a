"""The switchboard: what an administrator writes into the tables is taken up while the engine runs, and never ends it."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import date, time
from functools import partial
from typing import Any

import trio

from actors.instrument import Outlets
from actors.messages import Covered, MappingsChanged, Wanted
from actors.provider_manager import QUIET_S, ProviderManager
from config.calendars import load_calendar
from config.limits import load_limits
from engine.market import Calendars, Instrument, LimitTable
from engine.market.instrument import InstrumentKind
from engine.runtime import ActorSystem, ChildSpec, DynamicSupervisor, LoopClock, Supervisor
from engine.storage.durable import Exchange, ProviderMapping
from engine.storage.memory import MemoryDurableStore, MemoryHotStore
from tests.actors.parts import NOON, Witness

JANUARY = date(2026, 1, 1)
NSE = Exchange("NSE", "National Stock Exchange", "Asia/Kolkata")
LSE = Exchange("LSE", "London", "Europe/London", market_open_time=time(8), market_close_time=time(16, 30))
MARS = Exchange("MARS", "Mars", "Mars/Olympus", market_open_time=time(8), market_close_time=time(16, 30))


class Engine:
    """The manager with a supervisor of instruments, and what it told the others."""

    def __init__(self, system: ActorSystem, seen: dict[str, list[Any]]) -> None:
        self.system = system
        self.seen = seen

    def started(self) -> set[str]:
        """The instruments that have an actor."""
        return {child.path.rpartition("/")[2] for child in self.system.snapshot("/engine/instruments").children}

    def newest(self, kind: type[Wanted] | type[Covered], who: str) -> list[str]:
        messages = [message for message in self.seen[who] if isinstance(message, kind)]
        return [route.instrument for route in messages[-1].routes] if messages else []

    def told(self, kind: type[Wanted], who: str) -> int:
        """How often."""
        return sum(isinstance(message, kind) for message in self.seen[who])

    async def until(self, holds: Callable[[], bool]) -> None:
        with trio.fail_after(60):
            while not holds():
                await trio.sleep(0.1)


@asynccontextmanager
async def engine(durable: MemoryDurableStore) -> AsyncGenerator[Engine]:
    names = ("feed", "resolver", "writer", "broadcaster", "quarantine")
    seen: dict[str, list[Any]] = {name: [] for name in names}
    async with ActorSystem("engine", clock=LoopClock(NOON)) as system:
        at = {name: system.ref(f"/engine/{name}") for name in (*names, "instruments")}
        outlets = Outlets(at["writer"], at["broadcaster"], at["resolver"], at["quarantine"])
        manager = partial(
            ProviderManager,
            MemoryHotStore(),
            durable,
            Calendars(load_calendar),
            LimitTable.parse(load_limits(None)),
            outlets,
            instruments=at["instruments"],
            feeds={"dhan": at["feed"]},
            resolver=at["resolver"],
        )
        specs = [ChildSpec(name, partial(Witness, seen[name])) for name in names]
        specs += [ChildSpec("instruments", DynamicSupervisor), ChildSpec("manager", manager)]
        await system.start(ChildSpec("engine", partial(Supervisor, specs)))
        yield Engine(system, seen)


async def listed(durable: MemoryDurableStore, exchange: Exchange, symbol: str, token: str) -> None:
    instrument = Instrument(0, exchange.code, symbol, symbol, InstrumentKind.EQUITY, 0.05)
    mapping = ProviderMapping("dhan", instrument.canonical, f"{exchange.code}_EQ", token, JANUARY)
    await durable.seed([exchange], [instrument], [mapping])


async def test_an_exchange_without_a_calendar_is_carried_and_one_without_a_time_zone_is_left_out(
    autojump_clock: trio.testing.MockClock,
) -> None:
    durable = MemoryDurableStore()
    for number, exchange in enumerate((NSE, LSE, MARS)):
        await listed(durable, exchange, "A", str(number))
    async with engine(durable) as running:
        await running.until(lambda: running.newest(Wanted, "feed") == ["LSE:A", "NSE:A"])
        assert running.started() == {"LSE:A", "NSE:A"}
        assert running.newest(Covered, "resolver") == ["LSE:A", "NSE:A"]


async def test_what_is_mapped_anew_begins_while_the_engine_runs(autojump_clock: trio.testing.MockClock) -> None:
    durable = MemoryDurableStore()
    await listed(durable, NSE, "A", "1")
    async with engine(durable) as running:
        await running.until(lambda: running.newest(Wanted, "feed") == ["NSE:A"])
        await listed(durable, LSE, "B", "2")
        await durable.seed([], [Instrument(0, "NSE", "C", "C", InstrumentKind.EQUITY, 0.05)], [])
        await durable.seed([], [], [ProviderMapping("dhan", "NSE:C", "NSE_EQ", "1", date(2026, 11, 19))])
        running.system.ref("/engine/manager").tell(MappingsChanged())
        await running.until(lambda: running.newest(Wanted, "feed") == ["LSE:B", "NSE:C"])
        assert running.started() == {"NSE:A", "LSE:B", "NSE:C"}, (
            "what is carried no more has still its candles to close"
        )
        assert running.newest(Covered, "resolver") == ["LSE:B", "NSE:C"]


async def test_many_changes_in_a_row_are_taken_up_together_and_not_too_late(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Each taking up connects feeds anew."""
    durable = MemoryDurableStore()
    await listed(durable, NSE, "A", "1")
    async with engine(durable) as running:
        await running.until(lambda: running.newest(Wanted, "feed") == ["NSE:A"])
        before = running.told(Wanted, "feed")
        for number in range(2, 42):
            await listed(durable, NSE, f"S{number}", str(number))
            running.system.ref("/engine/manager").tell(MappingsChanged())
            await trio.sleep(1)
        await trio.sleep(QUIET_S + 1)
        assert running.told(Wanted, "feed") - before == 2
        assert len(running.newest(Wanted, "feed")) == 41

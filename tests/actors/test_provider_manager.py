"""The switchboard: what an administrator writes into the tables is taken up while the engine runs, and never ends it."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import date, time
from functools import partial
from typing import Any

import msgspec
import trio

from actors.carrying import Carrying
from actors.instrument import Outlets
from actors.messages import (
    Alert,
    CandleClosed,
    Carried,
    CarriedCounts,
    Covered,
    Favoured,
    MappingsChanged,
    ProviderHealth,
    Stranded,
    Wanted,
)
from actors.provider_manager import OVERLAP_NS, QUIET_S, Neighbours, ProviderManager
from config.calendars import load_calendar
from config.limits import load_limits
from engine.market import Calendars, CandleBook, Instrument, LimitTable, Tick, VolumeMeter
from engine.market.failover import FailoverRules
from engine.market.feed_health import Health
from engine.market.instrument import InstrumentKind
from engine.runtime import ActorSystem, ChildSpec, DynamicSupervisor, LoopClock, Supervisor
from engine.storage.durable import Exchange, ProviderMapping
from engine.storage.hot import InstrumentReport
from engine.storage.memory import MemoryDurableStore, MemoryHotStore
from tests.actors.parts import NOON, SECOND_NS, Witness
from tests.actors.test_succession import of

JANUARY = date(2026, 1, 1)
NSE = Exchange("NSE", "National Stock Exchange", "Asia/Kolkata")
LSE = Exchange("LSE", "London", "Europe/London", market_open_time=time(8), market_close_time=time(16, 30))
MARS = Exchange("MARS", "Mars", "Mars/Olympus", market_open_time=time(8), market_close_time=time(16, 30))


RULES = FailoverRules(after_s=10.0, return_s=60.0, dwell_s=30.0)


class Engine:
    """The manager with a supervisor of instruments, and what it told the others."""

    def __init__(self, system: ActorSystem, seen: dict[str, list[Any]]) -> None:
        self.system = system
        self.seen = seen

    def started(self) -> set[str]:
        """The instruments that have an actor."""
        return {child.path.rpartition("/")[2] for child in self.system.snapshot("/engine/instruments").children}

    def newest(self, kind: type[Wanted], who: str) -> list[str]:
        messages = [message for message in self.seen[who] if isinstance(message, kind)]
        return [route.instrument for route in messages[-1].routes] if messages else []

    def covered(self, provider: str) -> list[str]:
        """What the resolver knows that a provider knows."""
        told = [one for one in self.seen["resolver"] if isinstance(one, Covered) and one.provider == provider]
        return [route.instrument for route in told[-1].routes]

    def last(self, kind: type[Any], who: str) -> Any:
        return [message for message in self.seen[who] if isinstance(message, kind)][-1]

    def is_well(self, provider: str, *, well: bool) -> None:
        """The surveyor finds it so."""
        health = Health(well=well, since_ns=0 if well else NOON, why="" if well else "no data")
        self.system.ref("/engine/manager").tell(ProviderHealth({(provider, "NSE"): health}))

    def told(self, kind: type[Wanted], who: str) -> int:
        """How often."""
        return sum(isinstance(message, kind) for message in self.seen[who])

    async def until(self, holds: Callable[[], bool]) -> None:
        with trio.fail_after(300):
            while not holds():
                await trio.sleep(0.1)


@asynccontextmanager
async def engine(
    durable: MemoryDurableStore, hot: MemoryHotStore | None = None, start_ns: int = NOON, **capacity: int
) -> AsyncGenerator[Engine]:
    others = ("resolver", "sentinel", "heartbeat", "publisher", "surveyor", "fallback", "chains")
    names = ("feed", "second", "writer", "broadcaster", "quarantine", *others)
    seen: dict[str, list[Any]] = {name: [] for name in names}
    async with ActorSystem("engine", clock=LoopClock(start_ns)) as system:
        at = {name: system.ref(f"/engine/{name}") for name in (*names, "instruments")}
        outlets = Outlets(at["writer"], at["broadcaster"], at["resolver"], at["quarantine"])
        manager = partial(
            ProviderManager,
            hot or MemoryHotStore(),
            durable,
            Calendars(load_calendar),
            LimitTable.parse(load_limits(None)),
            outlets,
            to=Neighbours(
                instruments=at["instruments"],
                feeds={"dhan": at["feed"], "kite": at["second"]},
                **{name: at[name] for name in others},
            ),
            carrying=Carrying(("dhan", "kite"), capacity, RULES),
        )
        specs = [ChildSpec(name, partial(Witness, seen[name])) for name in names]
        specs += [ChildSpec("instruments", DynamicSupervisor), ChildSpec("manager", manager)]
        await system.start(ChildSpec("engine", partial(Supervisor, specs)))
        yield Engine(system, seen)


async def listed(durable: MemoryDurableStore, exchange: Exchange, symbol: str, token: str, *providers: str) -> None:
    instrument = Instrument(0, exchange.code, symbol, symbol, InstrumentKind.EQUITY, 0.05)
    mappings = [
        ProviderMapping(provider, instrument.canonical, f"{exchange.code}_EQ", token, JANUARY)
        for provider in providers or ("dhan",)
    ]
    await durable.seed([exchange], [instrument], mappings)


async def test_an_exchange_without_a_calendar_is_carried_and_one_without_a_time_zone_is_left_out(
    autojump_clock: trio.testing.MockClock,
) -> None:
    durable = MemoryDurableStore()
    for number, exchange in enumerate((NSE, LSE, MARS)):
        await listed(durable, exchange, "A", str(number))
    async with engine(durable) as running:
        await running.until(lambda: running.newest(Wanted, "feed") == ["LSE:A", "NSE:A"])
        assert running.started() == {"LSE:A", "NSE:A"}
        assert running.covered("dhan") == ["LSE:A", "NSE:A"]


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
        assert running.covered("dhan") == ["LSE:B", "NSE:C"]


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


async def test_who_fails_is_stood_in_for_and_has_its_own_back_after_a_time_in_which_both_bring_them(
    autojump_clock: trio.testing.MockClock,
) -> None:
    durable = MemoryDurableStore()
    await listed(durable, NSE, "A", "1", "dhan", "kite")
    await listed(durable, NSE, "B", "2", "dhan")
    async with engine(durable) as running:
        await running.until(lambda: running.newest(Wanted, "feed") == ["NSE:A", "NSE:B"])
        assert running.newest(Wanted, "second") == []
        assert running.covered("kite") == ["NSE:A"], "the second is asked for what the first lacks"
        running.is_well("dhan", well=False)
        await running.until(lambda: running.newest(Wanted, "second") == ["NSE:A"])
        for who in ("resolver", "sentinel"):
            carried: Carried = running.last(Carried, who)
            assert (carried.carriers, carried.leaving) == ({"NSE:A": "kite", "NSE:B": "dhan"}, {})
        assert running.last(Alert, "publisher").words == "NSE: 1 instruments pass from dhan to kite (dhan: no data)"
        assert running.last(CarriedCounts, "heartbeat").counts == {"NSE": {"kite": 1, "dhan": 1}}
        assert running.last(Stranded, "fallback").instruments == {"NSE:B": "dhan: no data"}
        assert running.newest(Wanted, "feed") == ["NSE:A", "NSE:B"], "it is listened to until it is well again"

        running.is_well("dhan", well=True)
        await running.until(lambda: running.last(Carried, "resolver").carriers["NSE:A"] == "dhan")
        assert running.last(Carried, "resolver").leaving == {"NSE:A": "kite"}
        assert running.newest(Wanted, "second") == ["NSE:A"]
        assert running.last(Stranded, "fallback").instruments == {}
        await trio.sleep(OVERLAP_NS / 1e9 + 1)
        assert running.newest(Wanted, "second") == []
        assert running.last(Carried, "resolver").leaving == {}


async def test_what_does_not_fit_on_the_first_feed_is_carried_by_the_next_and_what_fits_nowhere_is_told(
    autojump_clock: trio.testing.MockClock,
) -> None:
    durable = MemoryDurableStore()
    for number, symbol in enumerate("ABCD"):
        await listed(durable, NSE, symbol, str(number), "dhan", "kite")
    async with engine(durable, dhan=2, kite=1) as running:
        await running.until(lambda: running.newest(Wanted, "second") == ["NSE:C"])
        assert running.newest(Wanted, "feed") == ["NSE:A", "NSE:B"]
        assert running.last(Carried, "sentinel").uncarried == ("NSE:D",)
        assert running.started() == {"NSE:A", "NSE:B", "NSE:C", "NSE:D"}


async def test_after_a_restart_another_provider_goes_on_and_no_totals_are_mixed(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """The state was taken while the second one stood in; the first one's totals are others."""
    durable, hot, calendar = MemoryDurableStore(), MemoryHotStore(lambda: NOON), Calendars(load_calendar).of("NSE:A")
    await listed(durable, NSE, "A", "1", "dhan", "kite")
    book, meter = CandleBook("NSE:A", calendar, "kite", since_ns=NOON), VolumeMeter()
    for second, total in ((1, 100), (5, 130)):
        one = msgspec.structs.replace(of("kite", second, total), instrument="NSE:A")
        book.add(one, meter.measure(one, calendar.session_date(one.ts_event)))
    state = {"book": book.state(), "baseline": meter.state(), "ts_event": NOON + 5 * SECOND_NS, "source": "kite"}
    await hot.write_live([InstrumentReport("NSE:A", "", 10.0, {}, state)])
    async with engine(durable, hot, NOON + 10 * SECOND_NS) as running:
        await running.until(lambda: running.newest(Wanted, "feed") == ["NSE:A"])
        for second, total in ((20, 7_000), (30, 7_010)):
            running.system.ref("/engine/instruments/NSE:A").tell(of("dhan", second, total))
        await trio.sleep(63)
        minute = next(one.candle for one in running.seen["writer"] if isinstance(one, CandleClosed))
        assert (minute.volume, minute.source, minute.resolve_required) == (40, "mixed", True)


async def test_options_around_the_money_take_the_room_of_others_and_hear_who_carries_them(
    autojump_clock: trio.testing.MockClock,
) -> None:
    durable = MemoryDurableStore()
    names = [f"NIFTY26NOV26{24_000 + 50 * step}CE" for step in range(3)]
    options = [Instrument(0, "NSE", name, name, InstrumentKind.OPTION, 0.05) for name in names]
    mappings = [
        ProviderMapping(provider, one.canonical, "NSE_FNO", str(number), JANUARY)
        for number, one in enumerate(options)
        for provider in ("dhan", "kite")
    ]
    await durable.seed([NSE], options, mappings)
    canonical = [one.canonical for one in options]
    async with engine(durable, dhan=0, kite=1) as running:
        await running.until(lambda: running.newest(Wanted, "second") == canonical[:1])
        running.system.ref("/engine/manager").tell(Favoured(frozenset(canonical[2:])))
        await running.until(lambda: running.newest(Wanted, "second") == canonical[2:])
        carried: Carried = running.last(Carried, "chains")
        assert carried.carriers == {canonical[2]: "kite"}
        assert set(carried.uncarried) == set(canonical[:2])
        before = running.told(Wanted, "second")
        running.system.ref("/engine/manager").tell(Favoured(frozenset(canonical[2:])))
        await trio.sleep(1)
        assert running.told(Wanted, "second") == before
        trade = Tick(canonical[2], 10.0, 1, 5, NOON + SECOND_NS, NOON + SECOND_NS, "kite", previous_close=10.0)
        running.system.ref(f"/engine/instruments/{canonical[2]}").tell(trade)
        await running.until(lambda: any(isinstance(one, Tick) for one in running.seen["broadcaster"]))

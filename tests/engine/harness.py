"""A whole engine against the simulated exchange, in one process: real sockets, real stores, the real tree."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
import trio

from actors.messages import Save
from actors.pace import Pace
from config.calendars import load_calendar
from config.settings import Settings
from engine.boot import running_engine
from engine.market import TIMEFRAMES, Calendar, Calendars, Candle
from engine.providers.simulator.faults import parse_faults
from engine.providers.simulator.history import minutes
from engine.providers.simulator.hours import INDIA_NS
from engine.providers.simulator.options import SimulatorOptions
from engine.providers.simulator.server import Simulator, serve
from engine.runtime import ActorRef, ActorSystem, Clock, ReplayClock
from engine.seeding import exchanges, listed
from engine.storage.bridge import bridged, open_bridge
from engine.storage.durable import DurableStore
from engine.storage.hot import HotStore
from engine.storage.packing import unpack
from tests.engine.conftest import Stores
from tests.engine.judge import disagreements

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
PATIENCE_S = 90.0
"""How long what should come is waited for: a hundred times what it takes an idle machine, as another may be busy."""
MIDNIGHT = 1_795_026_600 * SECOND_NS
"""2026-11-19 00:00 in India, a Thursday."""
assert (MIDNIGHT + INDIA_NS) % (86_400 * SECOND_NS) == 0

SETTLING_NS = 10 * SECOND_NS
"""So long after its end a minute is closed and, where it was touched, healed; in the engine's own time."""


async def nothing() -> None:
    """What a test does that can not ask the persister to save: it waits until that happens by itself."""


@dataclass(frozen=True, slots=True)
class Exam:
    """The stores of an engine, and who knows what they should hold."""

    instruments: Sequence[str]
    calendar: Calendar
    hot: HotStore
    durable: DurableStore
    clock: Clock
    told: Callable[[int, int], Awaitable[Mapping[str, Sequence[Candle]]]]
    """What the exchange itself says it traded in a stretch of time."""
    save: Callable[[], Awaitable[None]] = nothing

    async def held(self, store: HotStore | DurableStore, start_ns: int, end_ns: int) -> dict[str, Any]:
        return {
            timeframe: await store.candles_many(self.instruments, timeframe, start_ns, end_ns)
            for timeframe in TIMEFRAMES
        }

    def settled_ns(self) -> int:
        """Until when everything should be closed, healed and written by now."""
        return (self.clock.now_ns() - SETTLING_NS) // MINUTE_NS * MINUTE_NS

    async def wrong(self, store: HotStore | DurableStore, start_ns: int, through_ns: int) -> list[str]:
        """Where a store disagrees with the exchange about the candles that opened and closed in between."""
        told = await self.told(start_ns, through_ns)
        held = await self.held(store, start_ns, through_ns)
        where = "redis" if store is self.hot else "postgresql"
        return list(disagreements(told, held, self.calendar, through_ns, where=where))

    async def agree(self, start_ns: int, *, within_s: float = PATIENCE_S) -> int:
        """Waits until both stores are right about all that closes within a minute; tells how many minutes that is."""
        through_ns = (self.clock.now_ns() // MINUTE_NS + 1) * MINUTE_NS
        await until(lambda: self.settled_ns() >= through_ns)
        complaints: list[str] = ["not looked yet"]
        with trio.move_on_after(within_s):
            while complaints:
                complaints = await self.wrong(self.hot, start_ns, through_ns)
                if not complaints:
                    await self.save()
                    complaints = await self.wrong(self.durable, start_ns, through_ns)
                if complaints:
                    await trio.sleep(0.2)
        assert not complaints, "\n".join([f"{len(complaints)} disagreements", *complaints[:20]])
        return sum(map(len, (await self.told(start_ns, through_ns)).values()))


@dataclass(frozen=True, slots=True)
class Bench:
    """Everything a test of the whole engine looks at."""

    system: ActorSystem
    simulator: Simulator
    hot: HotStore
    durable: DurableStore
    settings: Settings
    clock: Clock
    exam: Exam

    def ref(self, name: str) -> ActorRef:
        """``persister``, ``feeds/simulator``, ``instruments/NSE:RELIANCE``."""
        return self.system.ref(f"/engine/{name}")

    def restarts(self, name: str) -> int:
        return self.system.snapshot(f"/engine/{name}").restarts

    def crash(self, name: str) -> None:
        """A message nobody handles ends an actor as any fault of its own would."""
        self.ref(name).tell(Poison())

    def plan(self, faults: str) -> None:
        """Faults in real seconds from now."""
        exchange = self.simulator.exchange
        exchange.faults.plan(parse_faults(faults), now_s=exchange.elapsed_s)

    async def statuses(self) -> list[str]:
        """How the feed has been, one after the other."""
        events = [unpack(data) for _, data in await self.hot.read_events("0-0", 10_000)]
        return [event["status"] for event in events if event["kind"] == "status" and "feed" in event]


class Poison(msgspec.Struct, frozen=True):
    """No actor has a handler for it."""


async def seeded(database_url: str, rest_url: str, *, around_the_clock: bool = True) -> None:
    """The simulated exchange's own list, in the tables."""
    book = await trio.to_thread.run_sync(listed, rest_url)
    async with open_bridge():
        durable = bridged(await bridged(DurableStore).connect(database_url))
        await durable.seed(exchanges(around_the_clock=around_the_clock), book.instruments, book.mappings)
        await durable.close()


@asynccontextmanager
async def running_exchange(options: SimulatorOptions, clock: Clock) -> AsyncGenerator[Simulator]:
    async with trio.open_nursery() as nursery:
        yield await nursery.start(partial(serve, options, now_ns=clock.now_ns))
        nursery.cancel_scope.cancel()


def settings_for(stores: Stores, feed_url: str, rest_url: str, **more: Any) -> Settings:
    written: dict[str, Any] = {
        "redis_url": stores.redis_url,
        "database_url": stores.database_url,
        "simulator_feed_url": feed_url,
        "simulator_rest_url": rest_url,
        "providers": ("simulator",),
        "engine_id": "test",
        "end_of_day_after": None,
        "chains": (),
    }
    return Settings(**(written | more))


@asynccontextmanager
async def engine_on(
    simulator: Simulator,
    stores: Stores,
    clock: Clock,
    *,
    around_the_clock: bool = True,
    pace: Pace | None = None,
    **more: Any,
) -> AsyncGenerator[Bench]:
    """An engine on duty at an exchange that runs already, and was seeded."""
    settings = settings_for(stores, simulator.feed_url, simulator.rest_url, **more)
    market = simulator.exchange.market
    instruments = [listing.instrument for listing in market.listings]

    async def told(start_ns: int, end_ns: int) -> dict[str, list[Candle]]:
        now_ns = max(simulator.exchange.now_ns, end_ns)
        return {
            instrument: await minutes(market, index, start_ns, end_ns, now_ns=now_ns)
            for index, instrument in enumerate(instruments)
        }

    async with running_engine(settings, clock, pace=pace) as (system, parts):

        async def save() -> None:
            assert await system.ref("/engine/persister").ask(Save(), timeout_s=30)

        calendar = calendar_of(instruments[0], around_the_clock=around_the_clock)
        exam = Exam(instruments, calendar, parts.hot, parts.durable, clock, told, save)
        yield Bench(system, simulator, parts.hot, parts.durable, settings, clock, exam)


def calendar_of(instrument: str, *, around_the_clock: bool = True) -> Calendar:
    """All instruments of a bench trade by the same hours."""
    zones = {"NSE": "Asia/Kolkata", "NFO": "Asia/Kolkata"} if around_the_clock else {}
    return Calendars(load_calendar, zones).of(instrument)


@asynccontextmanager
async def whole_engine(
    stores: Stores, clock: Clock, *, around_the_clock: bool = True, options: SimulatorOptions, **more: Any
) -> AsyncGenerator[Bench]:
    """An engine on duty and the exchange it listens to, by the same clock."""
    async with running_exchange(options, clock) as simulator:
        settings = settings_for(stores, simulator.feed_url, simulator.rest_url)
        await seeded(settings.durable_url, simulator.rest_url, around_the_clock=around_the_clock)
        async with engine_on(simulator, stores, clock, around_the_clock=around_the_clock, **more) as bench:
            yield bench


def at(time: str, *, speed: float = 1.0, day_ns: int = MIDNIGHT) -> ReplayClock:
    """A clock that starts at an Indian time of day, as ``00:07:20``."""
    hours, mins, seconds = map(int, time.split(":"))
    return ReplayClock(day_ns + (hours * 3600 + mins * 60 + seconds) * SECOND_NS, speed)


async def until(condition: Callable[[], Any], *, within_s: float = PATIENCE_S) -> None:
    """Waits, in real time, until the condition holds (it may be async)."""
    with trio.fail_after(within_s):
        while True:
            value = condition()
            if hasattr(value, "__await__"):
                value = await value
            if value:
                return
            await trio.sleep(0.05)

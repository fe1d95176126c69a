"""A whole engine against the simulated exchange, in one process: real sockets, real stores, the real tree."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
import trio

from config.settings import Settings
from engine.boot import running_engine
from engine.market import TIMEFRAMES, Candle, derive
from engine.market.calendar import Calendar
from engine.providers.simulator.history import minutes
from engine.providers.simulator.options import SimulatorOptions
from engine.providers.simulator.server import Simulator, serve
from engine.runtime import ActorSystem, Clock, SystemClock
from engine.seeding import exchanges, listed
from engine.storage.bridge import bridged, open_bridge
from engine.storage.durable import DurableStore
from engine.storage.hot import HotStore

MINUTE_NS = 60_000_000_000


@dataclass(frozen=True, slots=True)
class Bench:
    """Everything a test of the whole engine looks at."""

    system: ActorSystem
    simulator: Simulator
    hot: HotStore
    durable: DurableStore
    settings: Settings

    @property
    def instruments(self) -> list[str]:
        return [listing.instrument for listing in self.simulator.exchange.market.listings]

    async def told(self, instrument: str, start_ns: int, end_ns: int) -> list[Candle]:
        """What the exchange itself says it traded."""
        market = self.simulator.exchange.market
        index = self.instruments.index(instrument)
        return await minutes(market, index, start_ns, end_ns, now_ns=self.simulator.exchange.now_ns)


async def seeded(database_url: str, rest_url: str, *, around_the_clock: bool = True) -> None:
    """The simulated exchange's own list, in the tables."""
    book = await trio.to_thread.run_sync(listed, rest_url)
    places = [msgspec.structs.replace(place, is_24_hours=around_the_clock) for place in exchanges()]
    async with open_bridge():
        durable = bridged(await bridged(DurableStore).connect(database_url))
        await durable.seed(places, book.instruments, book.mappings)
        await durable.close()


@asynccontextmanager
async def running_exchange(options: SimulatorOptions, clock: Clock) -> AsyncGenerator[Simulator]:
    async with trio.open_nursery() as nursery:
        yield await nursery.start(lambda task_status: serve(options, now_ns=clock.now_ns, task_status=task_status))
        nursery.cancel_scope.cancel()


def settings_for(redis_url: str, database_url: str, simulator: Simulator, **more: Any) -> Settings:
    return Settings(
        redis_url=redis_url,
        database_url=database_url,
        providers=("simulator",),
        simulator_feed_url=simulator.feed_url,
        simulator_rest_url=simulator.rest_url,
        engine_id="test",
        **more,
    )


@asynccontextmanager
async def whole_engine(
    redis_url: str,
    database_url: str,
    options: SimulatorOptions,
    *,
    clock: Clock | None = None,
    around_the_clock: bool = True,
    **more: Any,
) -> AsyncGenerator[Bench]:
    """An engine on duty and the exchange it listens to."""
    clock = clock or SystemClock()
    async with running_exchange(options, clock) as simulator:
        settings = settings_for(redis_url, database_url, simulator, **more)
        await seeded(settings.durable_url, simulator.rest_url, around_the_clock=around_the_clock)
        async with running_engine(settings, clock) as (system, parts):
            yield Bench(system, simulator, parts.hot, parts.durable, settings)


async def until(condition: Callable[[], Any], *, within_s: float = 30.0) -> None:
    """Waits, in real time, until the condition holds (it may be async)."""
    with trio.fail_after(within_s):
        while True:
            value = condition()
            if hasattr(value, "__await__"):
                value = await value
            if value:
                return
            await trio.sleep(0.05)


def derived(candles: list[Candle], calendar: Calendar) -> dict[str, list[Candle]]:
    """All timeframes of these one-minute candles."""
    return {tf: candles if tf == "1m" else derive(candles, tf, calendar) for tf in TIMEFRAMES}

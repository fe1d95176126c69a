"""A live engine on the simulated exchange, with sockets and faults, that is recorded; its stores are in memory."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import trio
from pydantic import SecretStr

from config.calendars import load_calendar
from config.settings import Settings
from engine.app import Parts, engine_tree
from engine.market import Calendars
from engine.providers.catalog import configured_providers
from engine.providers.simulator.faults import parse_faults
from engine.providers.simulator.options import SimulatorOptions
from engine.providers.simulator.server import Simulator
from engine.replay import Digest, HeardHotStore, digest_of
from engine.runtime import ActorSystem, ChildSpec, Clock
from engine.seeding import exchanges, listed
from engine.storage.memory import MemoryDurableStore
from engine.storage.packing import unpack_map
from tests.engine.harness import MINUTE_NS, SECOND_NS, at, running_exchange

SPEED = 6.0
"""The less, the closer live timers keep to the market's time; what they are late by is what a replay can not know."""


@dataclass(frozen=True, slots=True)
class LiveRun:
    """What a test looks at while it is on, and afterwards."""

    system: ActorSystem
    simulator: Simulator
    clock: Clock
    hot: HeardHotStore
    durable: MemoryDurableStore

    async def statuses(self) -> list[str]:
        events = [unpack_map(data) for _, data in await self.hot.read_events("0-0", 100_000)]
        return [event["status"] for event in events if event["kind"] == "status" and "feed" in event]

    async def fault(self, faults: str) -> None:
        """Does it, and waits until the feed has recovered."""
        exchange = self.simulator.exchange
        exchange.faults.plan(parse_faults(faults), now_s=exchange.elapsed_s)
        await trio.sleep(0.5)
        while exchange.faults.planned() or (await self.statuses())[-1] != "live":
            await trio.sleep(0.05)

    async def lose_history(self) -> None:
        """The line is cut, and when the minute is over and asked for, nobody says what it was."""
        half_on_ns = self.clock.now_ns() + MINUTE_NS // 2
        until_ns = (half_on_ns // MINUTE_NS + 1) * MINUTE_NS + 15 * SECOND_NS
        await self.fault(f"error+{self.clock.seconds_until(until_ns):.1f},close")

    async def minutes(self, count: int) -> None:
        """Goes on for some minutes of the market, until the middle of one: nothing is under way then."""
        until_ns = (self.clock.now_ns() // MINUTE_NS + count) * MINUTE_NS + MINUTE_NS // 2
        await trio.sleep(self.clock.seconds_until(until_ns))

    async def digest(self) -> Digest:
        return await digest_of(self.hot, self.durable)


def settings_for(folder: Path, simulator: Simulator) -> Settings:
    return Settings(
        redis_url=SecretStr("redis://localhost"),
        database_url=SecretStr("postgresql://localhost/none"),
        providers=("simulator",),
        simulator_feed_url=simulator.feed_url,
        simulator_rest_url=simulator.rest_url,
        record_frames=True,
        record_dir=folder,
        replay_speed=SPEED,
    )


@asynccontextmanager
async def recorded(
    folder: Path, *, instruments: int = 10, ticks_per_second: float = 5, time: str = "00:07:20"
) -> AsyncGenerator[LiveRun]:
    """An engine that is recorded while the block lasts; when it ends, everything is saved and the file is closed."""
    clock = at(time, speed=SPEED)
    options = SimulatorOptions(instruments=instruments, ticks_per_second=ticks_per_second)
    async with running_exchange(options, clock) as simulator:
        settings = settings_for(folder, simulator)
        hot, durable = HeardHotStore(clock.now_ns), MemoryDurableStore()
        book = await trio.to_thread.run_sync(listed, simulator.rest_url)
        await durable.seed(exchanges(around_the_clock=True), book.instruments, book.mappings)
        await hot.acquire_lease("live", 3600)
        calendars = Calendars(load_calendar, {"NSE": "Asia/Kolkata", "NFO": "Asia/Kolkata"})
        parts = Parts(settings, "live", hot, durable, configured_providers(settings), calendars)
        async with ActorSystem("engine", clock=clock) as system:
            await system.start(ChildSpec("engine", partial(engine_tree, system, parts)))
            run = LiveRun(system, simulator, clock, hot, durable)
            with trio.fail_after(30):
                while (await run.statuses() or [""])[-1] != "live":
                    await trio.sleep(0.05)
            yield run

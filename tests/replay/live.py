"""A live engine on the simulated exchange, with sockets and faults, that is recorded; its stores are in memory."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
import trio
from pydantic import SecretStr

from config.calendars import load_calendar
from config.settings import Settings
from engine.app import engine_tree
from engine.market import Calendars
from engine.parts.base import Parts
from engine.providers.catalog import configured_providers
from engine.providers.simulator.faults import parse_faults
from engine.providers.simulator.options import SimulatorOptions
from engine.providers.simulator.server import Simulator
from engine.recording import Answer, Quoted
from engine.recording.history import RecordedHistory
from engine.replay import Digest, HeardHotStore, digest_of
from engine.runtime import ActorSystem, ChildSpec, Clock
from engine.seeding import exchanges, listed
from engine.storage.memory import MemoryDurableStore
from engine.storage.packing import unpack_map
from tests.engine.harness import MINUTE_NS, at, running_exchange

SPEED = 6.0
"""The less, the closer live timers keep to the market's time; what they are late by is what a replay can not know."""


LONGEST_WAIT_S = 60.0
"""Nothing that is waited for here takes a third of it on an idle machine."""


@dataclass(frozen=True, slots=True)
class LiveRun:
    """What a test looks at while it is on, and afterwards."""

    system: ActorSystem
    simulator: Simulator
    clock: Clock
    hot: HeardHotStore
    durable: MemoryDurableStore
    answers: list[Answer | Quoted]
    """What the provider's history has told the engine so far, and where it failed."""

    async def statuses(self) -> list[str]:
        events = [unpack_map(data) for _, data in await self.hot.read_events("0-0", 100_000)]
        return [event["status"] for event in events if event["kind"] == "status" and "feed" in event]

    async def disturb(self, faults: str) -> None:
        """Does it, and waits until it is over; the line stays up."""
        self._plan(faults)
        await holds(lambda: not self.simulator.exchange.faults.planned(), f"{faults} to end")

    async def cut(self, faults: str) -> None:
        """Ends the connection, and waits until the next one is live."""
        connections, lives = self._connections(), (await self.statuses()).count("live")
        self._plan(faults)

        async def is_back() -> bool:
            statuses = await self.statuses()
            return self._connections() > connections and statuses.count("live") > lives and statuses[-1] == "live"

        await holds(is_back, f"a live connection after {faults}")

    async def lose_history(self) -> None:
        """The line is cut, and nobody says what the minute was until who asks has given up, and will ask again.

        How long that takes depends on the pauses between four attempts, so it is waited for.
        """
        self._plan(f"error+{LONGEST_WAIT_S * 10:g}")
        await self.cut("close")
        await holds(lambda: any(map(_failed, self.answers)), "a question for minutes without an answer")
        self.simulator.exchange.faults.clear()

    def _plan(self, faults: str) -> None:
        exchange = self.simulator.exchange
        exchange.faults.plan(parse_faults(faults), now_s=exchange.elapsed_s)

    def _connections(self) -> int:
        return self.simulator.exchange.doors["simulator"].statistics().connections

    async def minutes(self, count: int) -> None:
        """Goes on for some minutes of the market, until the middle of one: nothing is under way then."""
        until_ns = (self.clock.now_ns() // MINUTE_NS + count) * MINUTE_NS + MINUTE_NS // 2
        await trio.sleep(self.clock.seconds_until(until_ns))

    async def digest(self) -> Digest:
        return await digest_of(self.hot, self.durable)


def _failed(answer: Answer | Quoted) -> bool:
    return isinstance(answer, Answer) and answer.failure is not None


async def holds(condition: Callable[[], bool | Awaitable[bool]], what: str) -> None:
    """Waits until the condition holds; a wait in vain says what for."""
    with trio.move_on_after(LONGEST_WAIT_S):
        while True:
            value = condition()
            if value if isinstance(value, bool) else await value:
                return
            await trio.sleep(0.05)
    pytest.fail(f"waited {LONGEST_WAIT_S:g} s in vain for {what}")


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
        end_of_day_after=None,
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
        answers: list[Answer | Quoted] = []
        providers = {
            name: replace(
                provider, history=RecordedHistory(provider.history, name, tell=answers.append, now_ns=clock.now_ns)
            )
            for name, provider in configured_providers(settings).items()
        }
        parts = Parts(settings, "live", hot, durable, providers, calendars)
        async with ActorSystem("engine", clock=clock) as system:
            await system.start(ChildSpec("engine", partial(engine_tree, system, parts)))
            run = LiveRun(system, simulator, clock, hot, durable, answers)

            async def is_live() -> bool:
                return (await run.statuses() or [""])[-1] == "live"

            await holds(is_live, "a live feed")
            yield run

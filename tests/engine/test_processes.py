"""Real processes: an engine is killed or told to stop, at any moment, and another one goes on."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote
from urllib.request import ProxyHandler, build_opener

import msgspec
import pytest
import trio

from engine.boot import open_stores
from engine.launcher.own import READY_FD
from engine.market import TIMEFRAMES, Candle, CandleState
from engine.storage.bridge import open_bridge
from tests.engine.conftest import Stores
from tests.engine.harness import MIDNIGHT, Exam, calendar_of, seeded, settings_for, until

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SPEED = 30.0
LOG_SHOWN = 8_000
"""Bytes."""
KILLS = 20 if os.environ.get("TICKTREE_TEST_LONG") == "1" else 4
SEED = int(os.environ.get("TICKTREE_TEST_SEED", "11"))


@dataclass(frozen=True)
class SharedClock:
    """Showed ``start_ns`` when the machine's clock showed ``began_ns``, in every process, and runs ``speed`` times as fast."""

    began_ns: int
    start_ns: int
    speed: float

    def now_ns(self) -> int:
        return self.start_ns + round((time.time_ns() - self.began_ns) * self.speed)

    def seconds_until(self, ns: int) -> float:
        return max(0.0, (ns - self.now_ns()) / 1e9 / self.speed)


class Place:
    """An exchange in its own process, the stores, and the engines that come and go."""

    def __init__(self, stores: Stores, clock: SharedClock) -> None:
        self.stores = stores
        self.clock = clock
        self.feed_port, self.rest_port = free_port(), free_port()
        self.feed_url, self.rest_url = f"ws://127.0.0.1:{self.feed_port}", f"http://127.0.0.1:{self.rest_port}/v2"
        self._started: list[Process] = []

    def start(self, *command: str, **environment: str) -> "Process":
        began, start = (
            datetime.fromtimestamp(ns / 1e9, UTC).isoformat() for ns in (self.clock.began_ns, self.clock.start_ns)
        )
        process = Process(
            command,
            {
                **os.environ,
                "REDIS_URL": self.stores.redis_url,
                "DATABASE_URL": self.stores.database_url,
                "TICKTREE_PROVIDERS": "simulator",
                "TICKTREE_REPLAY_BEGAN": began,
                "TICKTREE_REPLAY_START": start,
                "TICKTREE_REPLAY_SPEED": str(self.clock.speed),
                "TICKTREE_SAVE_INTERVAL_MINUTES": "1",
                "TICKTREE_END_OF_DAY_AFTER": "off",
                "TICKTREE_SIMULATOR_INSTRUMENTS": "10",
                "TICKTREE_SIMULATOR_TICKS_PER_S": "5",
                "TICKTREE_SIMULATOR_FEED_URL": self.feed_url,
                "TICKTREE_SIMULATOR_REST_URL": self.rest_url,
                **environment,
            },
        )
        self._started.append(process)
        return process

    def engine(self, name: str = "one", **environment: str) -> "Process":
        return self.start("run", "--role", "engine", TICKTREE_ENGINE_ID=name, **environment)

    def open_exchange(self, **environment: str) -> "Process":
        ports = "--feed-port", str(self.feed_port), "--rest-port", str(self.rest_port)
        return self.start("simulate", *ports, **environment)

    def close(self) -> None:
        for process in reversed(self._started):
            process.end()

    def fetch(self, path: str) -> bytes:
        with build_opener(ProxyHandler({})).open(self.rest_url.removesuffix("/v2") + path, timeout=20) as answer:
            return answer.read()

    async def told(self, start_ns: int, end_ns: int) -> dict[str, list[Candle]]:
        return await trio.to_thread.run_sync(self._history, start_ns, end_ns)

    def _history(self, start_ns: int, end_ns: int) -> dict[str, list[Candle]]:
        found: dict[str, list[Candle]] = {}
        for row in json.loads(self.fetch("/instruments")):
            name = row["instrument"]
            text = self.fetch(f"/history?instrument={quote(name)}&start_ns={start_ns}&end_ns={end_ns}")
            found[name] = msgspec.convert(msgspec.json.decode(text)["candles"], list[Candle])
        return found


class Process:
    """``python -m engine …``: it says on a pipe when it is ready, as to the launcher; its log is told where it never is."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._pipe, writing = os.pipe()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - the process writes to it as long as it runs
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "engine", *command],
            cwd=ROOT,
            env={**environment, READY_FD: str(writing)},
            stdout=self._log,
            stderr=subprocess.STDOUT,
            pass_fds=(writing,),
        )
        os.close(writing)

    async def ready(self) -> None:
        with trio.move_on_after(30) as waiting:
            await trio.lowlevel.wait_readable(self._pipe)
        assert not waiting.cancelled_caught, f"it is not ready after 30 s:\n{self.said()}"
        assert os.read(self._pipe, 1), f"it ended with {self.popen.wait()}:\n{self.said()}"

    def said(self) -> str:
        """The end of its log."""
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), LOG_SHOWN, max(0, size - LOG_SHOWN)).decode(errors="replace")

    async def ended(self, *, within_s: float) -> int:
        await until(lambda: self.popen.poll() is not None, within_s=within_s)
        return self.popen.wait()

    def end(self) -> None:
        self.popen.kill()
        self.popen.wait()
        os.close(self._pipe)
        self._log.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@asynccontextmanager
async def exchange_of(stores: Stores, *, speed: float = SPEED) -> AsyncGenerator[tuple[Place, Exam]]:
    """A place whose exchange is open, and its stores as somebody beside the engines sees them."""
    place = Place(stores, SharedClock(time.time_ns(), MIDNIGHT + 130 * 1_000_000_000, speed))
    try:
        await place.open_exchange().ready()
        settings = settings_for(stores, place.feed_url, place.rest_url)
        await seeded(settings.durable_url, place.rest_url)
        instruments = list(await place.told(0, 0))
        async with open_bridge(), open_stores(settings) as (hot, durable):
            yield place, Exam(instruments, calendar_of(instruments[0]), hot, durable, place.clock, place.told)
    finally:
        place.close()


async def test_an_engine_killed_at_random_moments_loses_nothing_and_one_told_to_stop_saves_all(stores: Stores) -> None:
    chance = random.Random(SEED)
    async with exchange_of(stores) as (place, exam):
        for _ in range(KILLS):
            engine = place.engine()
            if chance.random() < 0.8:  # else it is killed while it starts
                await engine.ready()
            await trio.sleep(chance.uniform(0.2, 2.5))
            engine.popen.kill()
        engine = place.engine()
        await engine.ready()
        assert await exam.agree(MIDNIGHT) > 5 * 8
        await ends_well(engine, place, exam)


async def ends_well(engine: Process, place: Place, exam: Exam) -> None:
    """Told to stop it ends with 0 and leaves nothing unsaved."""
    engine.popen.send_signal(signal.SIGTERM)
    assert await engine.ended(within_s=60) == 0
    now_ns = place.clock.now_ns()
    assert await exam.hot.lease_owner() is None
    for timeframe in TIMEFRAMES[:-1]:
        hot_ones = await exam.hot.candles_many(exam.instruments, timeframe, MIDNIGHT, now_ns)
        assert hot_ones == await exam.durable.candles_many(exam.instruments, timeframe, MIDNIGHT, now_ns)
    days = await exam.durable.candles_many(exam.instruments, "1d", MIDNIGHT, now_ns)
    assert [day.state for [day] in days.values()] == [CandleState.FORMING] * len(exam.instruments)


async def test_a_second_engine_takes_over_when_the_first_is_killed_and_goes_when_its_lease_is_taken(
    stores: Stores,
) -> None:
    async with exchange_of(stores) as (place, exam):
        first = place.engine("first")
        await first.ready()
        second = place.engine("second")
        await trio.sleep(3)
        assert await exam.hot.lease_owner() == "first"
        first.popen.kill()
        killed = time.monotonic()
        await second.ready()
        assert time.monotonic() - killed < 60  # the lease's 15 s, and a look every 2 s
        assert await exam.hot.lease_owner() == "second"
        await exam.agree(MIDNIGHT)
        await exam.hot.release_lease("second")
        assert await exam.hot.acquire_lease("third", 60)
        assert await second.ended(within_s=60) == 1

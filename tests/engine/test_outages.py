"""PostgreSQL or Redis is away for a while under load: the feed goes on, memory stays bounded, nothing is lost.

Short by default; TICKTREE_TEST_LONG=1 takes the real durations (60 s and 30 s) and load, and prints figures with ``-s``.
"""

import os
import resource
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from actors import candle_writer, persister
from actors.messages import Count
from engine.providers.simulator.options import SimulatorOptions
from engine.storage.durable import migrate
from engine.storage.embedded import ServerProcess, prepare_postgres, prepare_valkey, wait_until_ready
from tests.engine.conftest import Stores
from tests.engine.harness import MIDNIGHT, Bench, at, until, whole_engine
from tests.servers import with_database

pytestmark = pytest.mark.slow

LONG = os.environ.get("TICKTREE_TEST_LONG") == "1"
POSTGRES_AWAY_S, REDIS_AWAY_S = (60.0, 30.0) if LONG else (3.0, 3.0)
OPTIONS = SimulatorOptions(instruments=200 if LONG else 20, ticks_per_second=200 if LONG else 10)
SPEED = 10.0 if LONG else 60.0


class Server:
    """A store of this test's own, that it may freeze and kill."""

    def __init__(self, prepared: ServerProcess, log: Path) -> None:
        self.prepared = prepared
        self.url = prepared.url
        self._log = log.open("ab")
        self.start()

    def start(self) -> None:
        self.process = self.prepared.start(stdout=self._log, stderr=self._log)
        wait_until_ready(self.prepared, self.process)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        """It answers nobody, and nobody is told."""
        os.killpg(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.killpg(self.process.pid, signal.SIGCONT)

    def close(self) -> None:
        if self.process.poll() is None:
            self.thaw()
        self.prepared.stop(self.process)
        self.prepared.release()
        self._log.close()


@pytest.fixture
def valkey_server(data_folder: Path) -> Iterator[Server]:
    server = Server(prepare_valkey(data_folder), data_folder / "valkey.log")
    yield server
    server.close()


@pytest.fixture
def postgres_server(data_folder: Path) -> Iterator[Server]:
    server = Server(prepare_postgres(data_folder), data_folder / "postgres.log")
    migrate(with_database(server.url, "engine_simulated"), "up")
    yield server
    server.close()


@pytest.fixture
def stores(valkey_server: Server, postgres_server: Server) -> Stores:
    return Stores(with_database(valkey_server.url, "0"), with_database(postgres_server.url, "engine"))


async def ticks(bench: Bench) -> int:
    return sum(actor.mailbox.processed for actor in bench.system.snapshot("/engine/instruments").children)


async def count(bench: Bench, name: str, what: str) -> int:
    return (await bench.ref(name).ask(Count(), timeout_s=60))[what]


async def steady(bench: Bench) -> None:
    """Right, and nothing to be healed any more: a doubt that is open when PostgreSQL goes stays open while it is away."""

    async def is_settled() -> bool:
        return await count(bench, "resolver", "gaps_open") == 0

    await bench.exam.agree(MIDNIGHT)
    await until(is_settled)


async def restarts(bench: Bench) -> dict[str, int]:
    tree = [*bench.system.snapshot().children, *bench.system.snapshot("/engine/feeds").children]
    return {actor.path: actor.restarts for actor in tree if actor.restarts}


def megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def told(what: str, bench: Bench, before: int, seconds: float, began_s: float) -> None:
    after_s = trio.current_time() - began_s
    sys.stdout.write(
        f"\n{what} away {seconds:g} s: {await ticks(bench) - before} messages to {len(bench.exam.instruments)} instruments"
        f" since, all candles right in both stores {after_s:.1f} s after its return, peak memory {megabytes():.0f} MB\n"
    )


@pytest.mark.parametrize("how", ["frozen", "killed"] if LONG else ["killed"])
async def test_postgres_away_delays_what_is_saved_and_nothing_else(
    stores: Stores, postgres_server: Server, how: str
) -> None:
    async with whole_engine(stores, at("00:03:10", speed=SPEED), options=OPTIONS) as bench:
        await steady(bench)
        before, position = await ticks(bench), (await bench.hot.events_position())[1]
        postgres_server.freeze() if how == "frozen" else postgres_server.kill()
        with trio.move_on_after(POSTGRES_AWAY_S):
            while True:
                through_ns = bench.exam.settled_ns()
                await trio.sleep(1)
                assert not await bench.exam.wrong(bench.hot, MIDNIGHT, through_ns - 60_000_000_000)
        assert await ticks(bench) > before
        assert (await bench.hot.events_position())[1] > position
        postgres_server.thaw() if how == "frozen" else postgres_server.start()
        began_s = trio.current_time()
        await until(lambda: bench.ref("persister").is_alive())
        await settle(bench)
        assert await restarts(bench) == {}
        await told(f"PostgreSQL ({how})", bench, before, POSTGRES_AWAY_S, began_s)


@pytest.mark.parametrize("how", ["frozen", "killed"] if LONG else ["frozen"])
async def test_redis_away_holds_candles_back_and_loses_none(stores: Stores, valkey_server: Server, how: str) -> None:
    async with whole_engine(stores, at("00:03:10", speed=SPEED), options=OPTIONS) as bench:
        await steady(bench)
        before = await ticks(bench)
        valkey_server.freeze() if how == "frozen" else valkey_server.kill()
        await trio.sleep(REDIS_AWAY_S)
        assert await ticks(bench) > before
        valkey_server.thaw() if how == "frozen" else valkey_server.start()
        began_s = trio.current_time()
        await settle(bench)
        assert await restarts(bench) == {}
        await told(f"Redis ({how})", bench, before, REDIS_AWAY_S, began_s)


async def settle(bench: Bench) -> None:
    """The persister may still wait for an answer that comes no more: its own time limit comes first."""

    async def saves() -> bool:
        try:
            await bench.exam.save()
        except (AssertionError, TimeoutError):
            return False
        return True

    await until(saves)
    await bench.exam.agree(MIDNIGHT)


async def test_what_was_forgotten_to_bound_memory_is_read_again(
    stores: Stores, valkey_server: Server, postgres_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First the persister's pending candles go beyond their limit, then the writer's."""
    async with whole_engine(stores, at("00:03:10", speed=SPEED), options=OPTIONS) as bench:
        await steady(bench)
        monkeypatch.setattr(persister, "PENDING_LIMIT", 30)  # not before: a busy machine would go beyond them at once
        monkeypatch.setattr(candle_writer, "CANDLE_LIMIT", 10)
        postgres_server.kill()
        await trio.sleep(3 * 60 / SPEED)
        assert await count(bench, "persister", "candles_unsaved") <= 30 + 20 * 7
        postgres_server.start()
        await settle(bench)
        valkey_server.kill()
        await trio.sleep(3 * 60 / SPEED)
        assert await count(bench, "candle_writer", "candles_unwritten") <= 10
        valkey_server.start()
        await settle(bench)

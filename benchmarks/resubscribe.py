"""A line of 5,000 instruments is cut: how soon its ticks reach Redis again, from a real engine at the simulated exchange.

The socket is closed by the exchange without a word, after it has been up long enough for a reconnect at once. What is heard
is what web processes hear: prices as they are published, 20 times a second.
"""

import statistics
import threading
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial

import msgspec
import redis
import trio

from actors.channels import MARKET_DATA
from benchmarks.processes import OUR_INDEX, Process, started
from benchmarks.stores import PROVIDER, Stores, own_stores
from engine.providers.simulator.faults import parse_faults
from engine.providers.simulator.options import SIMULATED_CLIENT_ID, SIMULATED_TOKEN, SimulatorOptions
from engine.providers.simulator.server import Simulator, serve
from engine.seeding import exchanges, listed
from engine.storage.bridge import bridged, open_bridge
from engine.storage.durable import DurableStore

INSTRUMENTS = 5_000
TICKS_PER_S = 5_000.0
STABLE_S = 32.0
"""A line that was up so long is reconnected at once."""
CUTS = 3
PATIENCE_S = 60.0


class Listener:
    """Hears what is published, in a thread of its own."""

    def __init__(self, url: str) -> None:
        self._channel = redis.Redis.from_url(url).pubsub()
        self._channel.subscribe(MARKET_DATA)
        self._heard: dict[str, float] = {}
        threading.Thread(target=self._listen, daemon=True).start()

    def forget(self) -> None:
        """From now on."""
        self._heard = {}

    @property
    def heard(self) -> list[float]:
        """When each instrument was heard first, in order."""
        return sorted(self._heard.values())

    def _listen(self) -> None:
        decode = msgspec.msgpack.decode
        for message in self._channel.listen():
            if message["type"] == "message":
                now_s = time.monotonic()
                for row in decode(message["data"])[4]:
                    self._heard.setdefault(row[0], now_s)


def run(seconds: float) -> dict[str, float]:
    """``first_tick_s_5000``: from the cut to the first tick; ``last_instrument_s`` to the last instrument's. The median of three."""
    cuts = CUTS if seconds >= 1 else 1
    with own_stores(0) as stores:
        return trio.run(_measure, stores, cuts)


async def _measure(stores: Stores, cuts: int) -> dict[str, float]:
    options = SimulatorOptions(instruments=INSTRUMENTS, ticks_per_second=TICKS_PER_S)
    async with _exchange(options) as simulator, open_bridge():
        await _list_instruments(stores, simulator)
        with started(["-m", "benchmarks.roles", "engine"], _environment(stores, simulator)) as engine:
            await trio.to_thread.run_sync(engine.wait_until_ready)
            listener = Listener(f"{stores.redis_url}/{OUR_INDEX}")
            listener.forget()
            await _until_all_are_heard(listener)
            found = [await _cut(simulator, listener, engine) for _ in range(cuts)]
    return {
        "first_tick_s_5000": statistics.median(first for first, _, _ in found),
        "last_instrument_s": statistics.median(last for _, last, _ in found),
        "engine_cpu_s": statistics.median(cpu for _, _, cpu in found),
        "instruments": INSTRUMENTS,
        "cuts": cuts,
    }


async def _cut(simulator: Simulator, listener: Listener, engine: Process) -> tuple[float, float, float]:
    """Seconds to the first tick and to the last instrument, and what the engine took of a processor."""
    await trio.sleep(STABLE_S)
    exchange = simulator.exchange
    connections, cpu_s = _connections(simulator), engine.cpu_s
    exchange.faults.plan(parse_faults("close"), now_s=exchange.elapsed_s)
    await _until(lambda: not exchange.faults.planned(), "the cut")
    began_s = time.monotonic()
    await _until(lambda: _connections(simulator) > connections, "a new connection")
    listener.forget()
    await _until_all_are_heard(listener)
    heard = listener.heard
    return heard[0] - began_s, heard[-1] - began_s, engine.cpu_s - cpu_s


async def _until_all_are_heard(listener: Listener) -> None:
    await _until(lambda: len(listener.heard) >= INSTRUMENTS, f"{INSTRUMENTS} instruments to be heard")


async def _until(holds: Callable[[], bool], what: str) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > deadline_s:
            raise RuntimeError(f"waited {PATIENCE_S:g} s in vain for {what}")
        await trio.sleep(0.001)


def _connections(simulator: Simulator) -> int:
    return next(iter(simulator.exchange.doors.values())).statistics().connections


def _environment(stores: Stores, simulator: Simulator) -> dict[str, str]:
    """The exchange as Dhan: all of them on one connection."""
    return {
        "REDIS_URL": f"{stores.redis_url}/{OUR_INDEX}",
        "DATABASE_URL": stores.database_url,
        "TICKTREE_PROVIDERS": PROVIDER,
        "DHAN_CLIENT_ID": SIMULATED_CLIENT_ID,
        "DHAN_ACCESS_TOKEN": SIMULATED_TOKEN,
        "DHAN_FEED_URL": simulator.feed_url,
        "DHAN_REST_URL": simulator.rest_url,
        "TICKTREE_MASTERS_AT": "off",
    }


@asynccontextmanager
async def _exchange(options: SimulatorOptions) -> AsyncGenerator[Simulator]:
    async with trio.open_nursery() as nursery:
        yield await nursery.start(partial(serve, options))
        nursery.cancel_scope.cancel()


async def _list_instruments(stores: Stores, simulator: Simulator) -> None:
    durable = bridged(await bridged(DurableStore).connect(stores.database_url))
    book = await trio.to_thread.run_sync(listed, simulator.rest_url)
    mappings = [
        msgspec.structs.replace(mapping, provider=PROVIDER)
        for mapping in book.mappings
        if mapping.provider == "simulator"
    ]
    await durable.seed(exchanges(around_the_clock=True), book.instruments, mappings)
    await durable.close()

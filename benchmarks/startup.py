"""The start of an engine that carries 25,000 instruments, from its process's beginning until it says that it is ready.

The stores are up, and the mappings stand in PostgreSQL. A first start finds nothing else; a restart finds in Redis what an
engine left that was killed in the middle of a session: a state of each instrument, its last minutes open or not closed long
ago. The provider is not there: a feed connects after the engine is ready.
"""

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import IO, NamedTuple

import anyio
import psutil

from benchmarks.frames import FIRST_ID, SEGMENT
from benchmarks.stores import PROVIDER, Stores, own_stores, symbol
from engine.launcher.own import READY_FD
from engine.market import Calendar, CandleBook, VolumeMeter
from engine.market.tick import Tick
from engine.storage.hot import HotStore, InstrumentReport

INSTRUMENTS = 25_000
ROOT = Path(__file__).parent.parent
A_LITTLE = 2_500
"""For a test that only wants to know whether it works."""
STARTS = 3
PATIENCE_S = 120.0
MB = 2**20
SECOND_NS = 1_000_000_000
TRADES = 150
"""One a second: the minutes before the last are settled, the last one is open."""


def run(seconds: float) -> dict[str, float]:
    """``ready_s_25000``: the best of three first starts; less than a second's wish starts with a tenth of the instruments."""
    count = A_LITTLE if seconds < 1 else INSTRUMENTS
    with own_stores(count) as stores:
        first = [_start_first(stores) for _ in range(STARTS)]
        again = [_start_again(stores, count) for _ in range(STARTS)]
    return {
        f"ready_s_{count}": min(start.ready_s for start in first),
        "cpu_s": min(start.cpu_s for start in first),
        "ready_again_s": min(start.ready_s for start in again),
        "cpu_again_s": min(start.cpu_s for start in again),
        "rss_mb": max(start.resident for start in (*first, *again)) / MB,
        "instruments": count,
    }


class Start(NamedTuple):
    """What it took an engine to be ready; beside other work it takes longer, not more of the processor."""

    ready_s: float
    cpu_s: float
    resident: int
    """Bytes."""


def _start_first(stores: Stores) -> Start:
    anyio.run(_forget, stores)
    return _start(stores)


async def _forget(stores: Stores) -> None:
    """What an engine before left in Redis: of the others the gaps alone are many."""
    hot = await HotStore.connect(f"{stores.redis_url}/0")
    await hot._link.call("FLUSHDB")  # noqa: SLF001
    await hot.close()


def _start_again(stores: Stores, count: int) -> Start:
    anyio.run(_leave_states, stores, count)
    return _start(stores)


def _start(stores: Stores) -> Start:
    """An engine process until it says that it is ready."""
    began_s = time.perf_counter()
    with _engine(stores) as (pid, told):
        if told.read(1) != b"1":
            raise RuntimeError("the engine ended before it was ready")
        ready_s, process = time.perf_counter() - began_s, psutil.Process(pid)
        times = process.cpu_times()
        return Start(ready_s, times.user + times.system, process.memory_info().rss)


@contextlib.contextmanager
def _engine(stores: Stores) -> Generator[tuple[int, IO[bytes]]]:
    """``ticktree run --role engine``, and the pipe on which it says that it is ready; killed at the end."""
    reading, writing = os.pipe()
    command = [sys.executable, "-m", "engine", "run", "--role", "engine"]
    environment = {"PATH": os.environ["PATH"], **_settings(stores), READY_FD: str(writing)}
    with os.fdopen(reading, "rb", buffering=0) as told:
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=sys.stderr, pass_fds=(writing,))
        os.close(writing)
        killer = threading.Timer(PATIENCE_S, process.kill)
        killer.start()
        try:
            yield process.pid, told
        finally:
            killer.cancel()
            process.kill()
            process.wait()


def _settings(stores: Stores) -> Mapping[str, str]:
    nobody = "127.0.0.1:9"
    return {
        "REDIS_URL": f"{stores.redis_url}/0",
        "DATABASE_URL": stores.database_url,
        "TICKTREE_PROVIDERS": PROVIDER,
        "TICKTREE_MASTERS_AT": "off",
        "TICKTREE_ENGINE_ID": "startup",  # the lease of one that was killed is its successor's at once
        "DHAN_CLIENT_ID": "1000000001",
        "DHAN_ACCESS_TOKEN": "benchmark",
        "DHAN_FEED_URL": f"ws://{nobody}",
        "DHAN_REST_URL": f"http://{nobody}/v2",
    }


async def _leave_states(stores: Stores, count: int) -> None:
    """What an engine leaves behind that was killed while the minute of each instrument's last trade was open."""
    hot = await HotStore.connect(f"{stores.redis_url}/0")
    calendar, now_ns = Calendar.continuous("Asia/Kolkata", "NSE"), time.time_ns()
    await hot.write_live([_report(number, calendar, now_ns) for number in range(count)])
    await hot.close()


def _report(number: int, calendar: Calendar, now_ns: int) -> InstrumentReport:
    instrument = f"NSE:{symbol(number)}"
    book, meter = CandleBook(instrument, calendar, PROVIDER), VolumeMeter()
    for trade in range(TRADES):
        at_ns = now_ns - (TRADES - trade) * SECOND_NS
        tick = Tick(instrument, 100.0 + 0.05 * trade, 1, 1_000 + trade, at_ns, at_ns, PROVIDER)
        book.add(tick, meter.measure(tick, calendar.session_date(at_ns)))
    state = {"book": book.state(), "baseline": meter.state(), "ts_event": now_ns - SECOND_NS, "source": PROVIDER}
    return InstrumentReport(instrument, f"{SEGMENT}:{FIRST_ID + number}", 100.0, {}, state)

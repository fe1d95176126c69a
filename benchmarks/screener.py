"""A screener over two years of 2,000 instruments' days, a million rows, out of a PostgreSQL of its own.

The rows lie on the disk as the engine would have left them: day after day, each day's instruments together. What is
measured is the work of the job, from the first portion's reading to the keeping of the result: the median of some, and the
first one, which has polars to import. ``cpu_seconds`` is what this process used of the processors for one, on average:
beside other work a run takes longer, not more.
"""

import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import anyio
import asyncpg
import msgspec

from actors.screen_work import Screening, ScreenWork, portion, reach_ns
from benchmarks.stores import shares, symbol
from config.calendars import load_calendar
from engine.market import Calendars
from engine.screening import Result, read_definition
from engine.seeding import exchanges
from engine.storage.durable import DurableStore, migrate
from engine.storage.embedded import prepare_postgres, running

INSTRUMENTS = 2_000
DAYS = 500
RUNS = 5
LAST = date(2026, 11, 20)
NOW_NS = 1_795_176_000_000_000_000
"""2026-11-20T12:00:00Z."""
DEFINITION = {
    "universe": {"exchange": "NSE"},
    "where": {
        "all": [
            {"left": "close", "is": ">", "right": "sma(200)"},
            {"left": "sma(50)", "is": ">", "right": "sma(200)"},
            {"left": "rsi(14)", "is": "between", "right": [40, 70]},
            {"left": "relative_volume(20)", "is": ">", "right": 0.8},
            {"any": [
                {"left": "macd_histogram", "is": ">", "right": 0},
                {"left": "distance_from_52w_high", "is": ">", "right": -10},
            ]},
        ]
    },
    "sort": {"by": "roc(60)"},
    "columns": ["atr_percent(14)", "adx(14)"],
}  # fmt: skip

_DAYS = """
INSERT INTO price_history_daily (instrument_id, date, ts, open, high, low, close, volume, source, rev, state,
    resolve_required)
SELECT id, day, day + time '03:45' AT TIME ZONE 'UTC', close * 0.999, close * 1.01, close * 0.99, close,
    (random() * 1000000)::bigint, 'dhan', 0, 'final', false
FROM (
    SELECT i.id, day::date, 100 * exp(sum((random() - 0.49) * 0.05) OVER (PARTITION BY i.id ORDER BY day)) AS close
    FROM instruments i, generate_series($1::date, $2::date, interval '1 day') AS day
) walks ORDER BY day, id
"""


def run(seconds: float) -> dict[str, float]:
    """``seconds_2000x2y``: reading, computing and keeping. Less than a second's wish measures 200 instruments."""
    folder = Path(tempfile.mkdtemp(prefix="tb-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        with (folder / "postgres.log").open("wb") as log, running(prepare_postgres(folder), log=log) as server:
            migrate(server.url, "up")
            return anyio.run(_measure, server.url, INSTRUMENTS if seconds >= 1 else INSTRUMENTS // 10)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _measure(url: str, instruments: int) -> dict[str, float]:
    names = [f"NSE:{symbol(number)}" for number in range(instruments)]
    store = await DurableStore.connect(url)
    await _build(url, store, instruments)
    nobody: Any = None  # of so many nobody wishes for history
    craft = Screening(store, Calendars(load_calendar), historian=nobody, now_ns=lambda: NOW_NS)
    arguments = craft.complete({"screener": "benchmark", "definition": DEFINITION, "instruments": names}, NOW_NS)
    used_s = time.process_time()
    times_s = [await _seconds(partial(_screen, craft.work(arguments))) for _ in range(RUNS + 1)]
    used_s = (time.process_time() - used_s) / len(times_s)
    reading_s = [await _seconds(partial(_read, store, names)) for _ in range(RUNS)]
    told = await store.screenings.newest("benchmark")
    await store.close()
    assert told is not None
    result = msgspec.json.decode(told, type=Result)
    assert (result.examined, result.undecided, result.missing) == (instruments, 0, 0)
    return {
        f"seconds_{instruments}x2y": median(times_s[1:]),
        "seconds_first": times_s[0],
        "seconds_reading": min(reading_s),
        "cpu_seconds": used_s,
        "rows": instruments * DAYS,
        "found": result.found,
    }


async def _screen(work: ScreenWork) -> None:
    for number in range(len(work)):
        await work.step(number)


async def _read(store: DurableStore, names: list[str]) -> None:
    """The same portions, without what is computed of them."""
    definition = read_definition(DEFINITION)
    since_ns, count = reach_ns(Calendars(load_calendar), names, definition, NOW_NS), portion(definition)
    for start in range(0, len(names), count):
        await store.screenings.bars(names[start : start + count], "1d", since_ns)


async def _seconds(work: Callable[[], Awaitable[None]]) -> float:
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


async def _build(url: str, store: DurableStore, instruments: int) -> None:
    print(f"screener: building {instruments * DAYS:,} days", file=sys.stderr)
    await store.seed(exchanges(around_the_clock=False), shares(instruments).instruments, [])
    connection = await asyncpg.connect(url, command_timeout=600)
    try:
        await connection.execute(_DAYS, LAST - timedelta(days=DAYS - 1), LAST)
        await connection.execute("VACUUM (ANALYZE) price_history_daily")
    finally:
        await connection.close()

"""A million ticks to PostgreSQL, over a bare COPY of the same rows, on a server of its own.

Ours is what the keeper of ticks does: ticks as objects, packed here, in its batches, each a transaction, into the day's
partition with its primary key, nothing twice. The bare COPY has its rows ready, and goes in one command into a plain table
without a key, as asyncpg's ``copy_records_to_table`` does it: that is ``over_copy``, which the goal is about. It has values to
encode as we have, and does so more slowly; ``over_raw_copy`` compares with a COPY whose very bytes are ready, so that it has
nothing to do but to send them: what our packing, batches, partition and key cost together. All in turns; the best of each.
Beside other work they take longer and not alike: ``over_copy_cpu`` compares what client and server used of the processors.
What the keeper does before, the tape and Redis, is in none of them.
"""

import io
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import anyio
import asyncpg

from actors.unsaved_ticks import BATCH
from engine.market import Instrument, InstrumentKind
from engine.market.kept_tick import KeptTick
from engine.seeding import exchanges
from engine.storage.durable import DurableStore, migrate
from engine.storage.durable.tick_rows import COLUMNS, packed
from engine.storage.durable.times import EPOCH
from engine.storage.embedded import prepare_postgres, running

TICKS = 1_000_000
INSTRUMENTS = 200
ROUNDS = 5
MORNING_US = 1_795_060_800_000_000
"""2026-11-19 04:00 UTC."""


class Times(NamedTuple):
    """Seconds: of the clock, and of the processors."""

    wall_s: float
    cpu_s: float


_BARE = "CREATE TABLE bare_ticks (LIKE ticks)"


def run(seconds: float) -> dict[str, float]:
    """``over_copy``: our time by that of the bare COPY. Less than a second's wish measures a twentieth of the ticks."""
    folder = Path(tempfile.mkdtemp(prefix="tb-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        with (folder / "postgres.log").open("wb") as log, running(prepare_postgres(folder), log=log) as server:
            migrate(server.url, "up")
            return anyio.run(_measure, server.url, TICKS // 20 if seconds < 1 else TICKS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _measure(url: str, count: int) -> dict[str, float]:
    durable, connection = await DurableStore.connect(url), await asyncpg.connect(url, command_timeout=600)
    try:
        await _list_instruments(durable)
        ticks = [_tick(number) for number in range(count)]
        rows = [_row(tick) for tick in ticks]
        ids = {tick.instrument: _identity(tick) for tick in ticks[:INSTRUMENTS]}
        ready = b"".join([piece async for piece in packed(ticks, ids)])
        await connection.execute(_BARE)

        async def bare() -> None:
            await connection.copy_records_to_table("bare_ticks", records=rows, columns=COLUMNS)

        async def raw() -> None:
            await connection.copy_to_table("bare_ticks", source=io.BytesIO(ready), columns=COLUMNS, format="binary")

        async def ours() -> None:
            for start in range(0, count, BATCH):
                await durable.ticks.save(ticks[start : start + BATCH])

        works = {"copy": ("bare_ticks", bare), "raw_copy": ("bare_ticks", raw), "ours": ("ticks", ours)}
        times: dict[str, list[Times]] = {name: [] for name in works}
        for number in range(ROUNDS):
            print(f"ticks_copy: round {number + 1} of {ROUNDS}", file=sys.stderr)
            for name, (table, work) in works.items():
                times[name].append(await _timed(connection, table, count, work))
    finally:
        await connection.close()
        await durable.close()
    return _figures({name: Times(*map(min, zip(*found, strict=True))) for name, found in times.items()}, count)


def _figures(best: Mapping[str, Times], count: int) -> dict[str, float]:
    copy, raw_copy, ours = best["copy"], best["raw_copy"], best["ours"]
    return {
        "over_copy": ours.wall_s / copy.wall_s,
        "over_copy_cpu": ours.cpu_s / copy.cpu_s,
        "over_raw_copy": ours.wall_s / raw_copy.wall_s,
        "over_raw_copy_cpu": ours.cpu_s / raw_copy.cpu_s,
        "ticks_per_second": count / ours.wall_s,
        "seconds": ours.wall_s,
        "copy_seconds": copy.wall_s,
        "raw_copy_seconds": raw_copy.wall_s,
        "cpu_seconds": ours.cpu_s,
        "copy_cpu_seconds": copy.cpu_s,
        "ticks": count,
        "batch": BATCH,
    }


async def _timed(
    connection: "asyncpg.Connection[asyncpg.Record]", table: str, count: int, work: Callable[[], Awaitable[None]]
) -> Times:
    """Each begins with an empty table and a log that is written out; what is fast and loses rows is of no use."""
    await connection.execute(f"TRUNCATE {table}")
    await connection.execute("CHECKPOINT")
    began, used_s = time.perf_counter(), await _cpu_s(connection)
    await work()
    took_s, used_s = time.perf_counter() - began, await _cpu_s(connection) - used_s
    assert await connection.fetchval(f"SELECT count(*) FROM {table}") == count
    return Times(took_s, used_s)


async def _cpu_s(connection: "asyncpg.Connection[asyncpg.Record]") -> float:
    """What this process and the server's connections have used of the processors."""
    rows = await connection.fetch("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'")
    return time.process_time() + sum(_used_s(row["pid"]) for row in rows)


def _used_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _list_instruments(durable: DurableStore) -> None:
    listed = [Instrument(0, "NSE", f"S{n:03d}", f"S{n}", InstrumentKind.EQUITY, 0.05) for n in range(INSTRUMENTS)]
    await durable.seed(exchanges(around_the_clock=True), listed, [])


def _tick(number: int) -> KeptTick:
    """Of one instrument after the other, 50 a second, as a feed in full mode tells them."""
    received_us, price = MORNING_US + 20_000 * number, 100 + number % 977 * 0.05
    return KeptTick(
        f"NSE:S{number % INSTRUMENTS:03d}",
        received_us,
        received_us - 40_000,
        price,
        number % 90,
        number % 90,
        10 * number,
        number % 5_000,
        price - 0.05,
        price + 0.05,
        "dhan",
    )


def _identity(tick: KeptTick) -> int:
    return int(tick.instrument[-3:]) + 1


def _row(tick: KeptTick) -> tuple[object, ...]:
    received_at, ts = EPOCH + timedelta(microseconds=tick.received_us), EPOCH + timedelta(microseconds=tick.event_us)
    return (
        _identity(tick),
        received_at,
        ts,
        tick.price,
        tick.size,
        tick.traded,
        tick.volume,
        tick.open_interest,
        tick.bid,
        tick.ask,
        tick.provider,
    )

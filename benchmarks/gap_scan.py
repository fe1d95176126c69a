"""The gap scan over one year of 500 instruments' minutes, 47 million rows, on a PostgreSQL of its own.

The rows are saved day by day as the engine would have saved them, so that table and index lie on the disk as they would.
One session in a hundred lacks a minute, and one instrument in five has minutes that were confirmed empty. Building all
that takes minutes and some 8 GB, which are given back; only the scan is measured, the best of three, as its time over
the machine's other work is of no interest.
"""

import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Generator
from dataclasses import replace
from datetime import date
from pathlib import Path

import anyio
import asyncpg

from config.calendars import load_calendar
from engine.market import Calendar, Instrument, InstrumentKind, Session
from engine.seeding import exchanges
from engine.storage.durable import DurableStore, ShortSession, migrate
from engine.storage.embedded import prepare_postgres, running

INSTRUMENTS = 500
YEAR = date(2025, 1, 1), date(2025, 12, 31)
SCANS = 3
GAP_EVERY = 100
EMPTY_EVERY = 5
EMPTY_MINUTES = 3

_BULK = """
SET session_replication_role = replica;
ALTER TABLE price_history_intraday SET UNLOGGED;
"""
"""Without a check of each row's instrument and without a log: only that the rows are there is measured."""

_DAY = f"""
INSERT INTO price_history_intraday (instrument_id, timeframe, ts, open, high, low, close, volume, source, rev, state,
    resolve_required)
SELECT id, '1m', ts, 100, 101, 99, 100.5, 1000, 'dhan', 0, 'final', false
FROM generate_series(to_timestamp($1), to_timestamp($2) - interval '1 minute', interval '1 minute') AS ts,
    generate_series(1, $3::int) AS id
WHERE NOT (ts = to_timestamp($1) + interval '7 minutes' AND (id + $4::int) % {GAP_EVERY} = 0)
    AND NOT (ts < to_timestamp($1) + interval '{EMPTY_MINUTES} minutes' AND id % {EMPTY_EVERY} = 0)
"""

_EMPTY = f"""
INSERT INTO completeness (instrument_id, date, status, spans)
SELECT id, $3::date, 'empty',
    tstzmultirange(tstzrange(to_timestamp($1), to_timestamp($1) + interval '{EMPTY_MINUTES} minutes'))
FROM generate_series(1, $2::int) AS id WHERE id % {EMPTY_EVERY} = 0
"""


def run(seconds: float) -> dict[str, float]:
    """``seconds_500x1y``: how long ``short_sessions`` takes. Less than a second's wish measures a twentieth of the year."""
    calendar = Calendar.parse(load_calendar("NSE"))
    sessions = [session for session in calendar.sessions(*YEAR) if _minutes(session) > EMPTY_MINUTES + 7]
    with _postgres() as url:
        return anyio.run(_measure, url, sessions[: len(sessions) // 20] if seconds < 1 else sessions)


async def _measure(url: str, sessions: list[Session]) -> dict[str, float]:
    began = time.perf_counter()
    rows = await _build(url, sessions)
    built_s = time.perf_counter() - began
    store = await DurableStore.connect(url)
    names = await store.instrument_names()
    times_s: list[float] = []
    cpu_s: list[float] = []
    found: list[ShortSession] = []
    for _ in range(SCANS):
        began, used_s = time.perf_counter(), await _cpu_s(store)
        found = await store.short_sessions(names, sessions)
        times_s.append(time.perf_counter() - began)
        cpu_s.append(await _cpu_s(store) - used_s)
    await store.close()
    _check(found, len(sessions))
    size = "500x1y" if len(sessions) > 200 else "500x12d"
    return {
        f"seconds_{size}": min(times_s),
        "seconds_first": times_s[0],
        "server_cpu_seconds": min(cpu_s),
        "rows": rows,
        "sessions": len(sessions) * INSTRUMENTS,
        "short_sessions": len(found),
        "build_seconds": built_s,
    }


async def _cpu_s(store: DurableStore) -> float:
    """What the server's connections have used of the processors: beside other work a scan takes longer, not more."""
    pids = await store._link.rows("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'")  # noqa: SLF001
    stats = (Path(f"/proc/{row['pid']}/stat") for row in pids)
    fields = (stat.read_text().rpartition(")")[2].split() for stat in stats if stat.exists())
    return sum(int(times[11]) + int(times[12]) for times in fields) / os.sysconf("SC_CLK_TCK")


def _check(found: list[ShortSession], sessions: int) -> None:
    """A scan that is fast and wrong is of no use."""
    left_out = sum((number + day) % GAP_EVERY == 0 for number in range(1, INSTRUMENTS + 1) for day in range(sessions))
    assert len(found) == left_out
    assert all(short.missing == 1 for short in found)


async def _build(url: str, sessions: list[Session]) -> int:
    await _list_instruments(url)
    connection = await asyncpg.connect(url, command_timeout=1800)
    try:
        await connection.execute(_BULK)
        for number, session in enumerate(sessions):
            bounds = session.start_ns / 1e9, session.end_ns / 1e9
            await connection.execute(_DAY, *bounds, INSTRUMENTS, number)
            await connection.execute(_EMPTY, bounds[0], INSTRUMENTS, session.date)
            if number % 25 == 0:
                print(f"gap_scan: building day {number} of {len(sessions)}", file=sys.stderr)
        await connection.execute("VACUUM (ANALYZE) price_history_intraday")
        await connection.execute("VACUUM (ANALYZE) completeness")
        return await connection.fetchval("SELECT count(*) FROM price_history_intraday")
    finally:
        await connection.close()


async def _list_instruments(url: str) -> None:
    durable = await DurableStore.connect(url)
    listed = [Instrument(0, "NSE", f"S{n:03d}", f"S{n}", InstrumentKind.EQUITY, 0.05) for n in range(INSTRUMENTS)]
    await durable.seed(exchanges(around_the_clock=False), listed, [])
    await durable.close()


@contextlib.contextmanager
def _postgres() -> Generator[str]:
    """A server gone afterwards, with everything in it."""
    folder = Path(tempfile.mkdtemp(prefix="tb-", dir="/tmp"))
    folder.chmod(0o755)
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        log = stack.enter_context((folder / "postgres.log").open("wb"))
        server = prepare_postgres(folder)
        hasty = ("-c", "fsync=off", "-c", "max_wal_size=4GB", "-c", "autovacuum=off")
        url = stack.enter_context(running(replace(server, argv=(*server.argv, *hasty)), log=log)).url
        migrate(url, "up")
        yield url


def _minutes(session: Session) -> int:
    return (session.end_ns - session.start_ns) // 60_000_000_000

"""The schema goes up, down and up again, one caller at a time."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import asyncpg
import pytest

from engine.storage.durable import DurableStore, MigrationStatus, migrate
from engine.storage.errors import DurableStoreError, DurableStoreUnavailableError
from tests.servers import with_database


async def _tables(url: str) -> set[str]:
    connection = await asyncpg.connect(url, timeout=10)
    rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    await connection.close()
    return {row["tablename"] for row in rows}


def test_a_schema_goes_up_and_down_and_up_again(empty_database_url: str) -> None:
    before = migrate(empty_database_url, "status")
    assert before.current is None
    newest, steps = before.newest, before.pending
    assert migrate(empty_database_url, "up") == MigrationStatus(newest, newest, ())
    tables = asyncio.run(_tables(empty_database_url))
    assert {"instruments", "price_history_intraday", "price_history_daily", "candle_revisions", "checkpoints"} <= tables
    assert migrate(empty_database_url, "up").is_current

    for number in range(len(steps)):
        left = migrate(empty_database_url, "down")
        assert len(left.pending) == number + 1
    assert left == MigrationStatus(None, newest, steps)
    assert asyncio.run(_tables(empty_database_url)) == {"alembic_version"}
    assert migrate(empty_database_url, "down").current is None

    assert migrate(empty_database_url, "up").is_current
    assert asyncio.run(_tables(empty_database_url)) == tables


def test_a_missing_database_is_made_and_several_callers_do_not_collide(postgres: str) -> None:
    url = with_database(postgres, "market data_simulated")
    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(lambda _: migrate(url, "up"), range(4)))
    assert all(result.is_current for result in results)


def test_looking_at_a_database_that_is_not_there_makes_none(postgres: str) -> None:
    url = with_database(postgres, "nowhere")
    for _ in range(2):
        with pytest.raises(DurableStoreError, match="no database nowhere yet: ticktree migrate up makes it"):
            migrate(url, "status")


@pytest.mark.parametrize("url", ["postgresql://me:hunter2@host:port/x", "mysql://me:hunter2@host/x", "hunter2"])
def test_a_bad_address_is_explained_without_being_quoted(url: str) -> None:
    with pytest.raises(DurableStoreError, match="DATABASE_URL is no address") as refused:
        migrate(url, "status")
    assert "hunter2" not in f"{refused.value!r} {refused.value.__cause__!r}"


def test_a_server_that_is_away_is_said_to_be() -> None:
    with pytest.raises(DurableStoreUnavailableError):
        migrate("postgresql://me:hunter2@127.0.0.1:1/x", "up")


OLD_GAPS = """
INSERT INTO exchanges (code, name, timezone) VALUES ('NSE', 'NSE', 'Asia/Kolkata');
INSERT INTO instruments (exchange_id, symbol, kind, tick_size) VALUES (1, 'TCS', 'equity', 0.05), (1, 'INFY', 'equity', 0.05);
INSERT INTO completeness (instrument_id, timeframe, start_ts, end_ts, status, reason, updated_at) VALUES
    (1, '1m', '2026-11-20 18:29:10Z', '2026-11-20 18:31:00Z', 'unresolvable', 'old', '2026-11-21'),
    (1, '1m', '2026-11-20 18:31:00Z', '2026-11-20 18:32:30Z', 'unresolvable', 'new', '2026-11-22'),
    (2, '1m', '2026-11-20 05:00:00Z', '2026-11-20 05:00:00Z', 'unresolvable', 'old', '2026-11-21'),
    (2, '1m', '2026-11-20 06:00:00Z', '2026-11-20 06:00:00Z', 'healed', '', '2026-11-21');
"""


def test_gaps_that_were_given_up_become_verdicts_and_gaps_again(empty_database_url: str) -> None:
    migrate(empty_database_url, "up")
    while "0003" not in migrate(empty_database_url, "down").pending:
        pass
    asyncio.run(_run(empty_database_url, OLD_GAPS))

    migrate(empty_database_url, "up")
    verdicts = (
        "SELECT instrument_id, date::text, status, reason, spans::text, minutes FROM completeness ORDER BY 1, 2, 4 DESC"
    )
    assert asyncio.run(_run(empty_database_url, "SET timezone TO 'UTC'", verdicts)) == [
        (1, "2026-11-20", "unresolvable", "old", '{["2026-11-20 18:29:00+00","2026-11-20 18:30:00+00")}', 1),
        (1, "2026-11-21", "unresolvable", "old", '{["2026-11-20 18:30:00+00","2026-11-20 18:31:00+00")}', 1),
        (1, "2026-11-21", "unresolvable", "new", '{["2026-11-20 18:31:00+00","2026-11-20 18:33:00+00")}', 2),
        (2, "2026-11-20", "unresolvable", "old", '{["2026-11-20 05:00:00+00","2026-11-20 05:01:00+00")}', 1),
    ]

    while "0003" not in migrate(empty_database_url, "down").pending:
        pass
    gaps = "SELECT instrument_id, start_ts::text, end_ts::text, reason FROM completeness ORDER BY 1, 2 DESC LIMIT 2"
    assert asyncio.run(_run(empty_database_url, "SET timezone TO 'UTC'", gaps)) == [
        (1, "2026-11-20 18:31:00+00", "2026-11-20 18:32:00+00", "new"),
        (1, "2026-11-20 18:30:00+00", "2026-11-20 18:30:00+00", "old"),
    ]


OLD_TICKS = """
INSERT INTO exchanges (code, name, timezone) VALUES ('NSE', 'NSE', 'Asia/Kolkata');
INSERT INTO instruments (exchange_id, symbol, kind, tick_size) VALUES
    (1, 'TCS', 'equity', 0.05), (1, 'INFY', 'equity', 0.05), (1, 'RELIANCE', 'equity', 0.05);
CREATE TABLE ticks_20261119 PARTITION OF ticks FOR VALUES FROM ('2026-11-19 00:00Z') TO ('2026-11-20 00:00Z');
CREATE TABLE ticks_20261120 PARTITION OF ticks FOR VALUES FROM ('2026-11-20 00:00Z') TO ('2026-11-21 00:00Z');
INSERT INTO ticks (instrument_id, received_at, ts, price, size, traded, provider)
SELECT number, at, at, 100, 1, 1, 'dhan' FROM (VALUES
    (1, timestamptz '2026-11-19 04:00Z'), (2, '2026-11-19 05:00Z'), (1, '2026-11-20 04:00Z')) AS told (number, at);
"""
"""Of one instrument on two days, of another on one, of the third none."""
OLD_DAYS = [date(2026, 11, 19), date(2026, 11, 20)]


WHOSE_TICKS = "SELECT instrument_id, day FROM tick_instruments ORDER BY day, instrument_id"


def test_old_ticks_are_read_at_once_and_noted_day_by_day_afterwards(empty_database_url: str) -> None:
    migrate(empty_database_url, "up")
    while "0016" not in migrate(empty_database_url, "down").pending:
        pass
    asyncio.run(_run(empty_database_url, OLD_TICKS))
    migrate(empty_database_url, "up")
    assert asyncio.run(_run(empty_database_url, "SELECT 1", WHOSE_TICKS)) == [], "a start passes over no ticks of weeks"
    asyncio.run(_note_day_by_day(empty_database_url))
    noted = [(1, OLD_DAYS[0]), (2, OLD_DAYS[0]), (1, OLD_DAYS[1])]
    assert asyncio.run(_run(empty_database_url, "SELECT 1", WHOSE_TICKS)) == noted


UNINDEXED = """
SELECT c.conrelid::regclass::text, a.attname FROM pg_constraint c
JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
WHERE c.contype = 'f' AND c.confrelid = ANY ('{alert_rules,webhooks,alerts}'::regclass[]) AND NOT EXISTS (
    SELECT FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1]
        AND coalesce(pg_get_expr(i.indpred, i.indrelid) = format('(%s IS NOT NULL)', a.attname), true)
)
"""


def test_what_refers_to_a_rule_webhook_or_alert_is_found_by_an_index(empty_database_url: str) -> None:
    migrate(empty_database_url, "up")
    assert asyncio.run(_run(empty_database_url, "SELECT 1", UNINDEXED)) == []
    while "0017" not in migrate(empty_database_url, "down").pending:
        pass
    assert len(asyncio.run(_run(empty_database_url, "SELECT 1", UNINDEXED))) == 3


async def _note_day_by_day(url: str) -> None:
    store = await DurableStore.connect(url)
    days = {"TCS": OLD_DAYS, "INFY": OLD_DAYS[:1], "RELIANCE": []}
    try:
        assert await _read(store) == days
        assert await store.tick_days.index_before(OLD_DAYS[1]) == OLD_DAYS[:1], "the other one is not over"
        assert await _read(store) == days
        assert await store.tick_days.index_before(date(2026, 11, 21)) == OLD_DAYS[1:]
        assert await _read(store) == days
    finally:
        await store.close()


async def _read(store: DurableStore) -> dict[str, list[date]]:
    """The days of the ticks that are found, by symbol."""
    found: dict[str, list[date]] = {}
    for symbol in ("TCS", "INFY", "RELIANCE"):
        ticks = await store.ticks.read(f"NSE:{symbol}", 0, 2**51, limit=10)
        found[symbol] = [datetime.fromtimestamp(tick.received_us // 1_000_000, UTC).date() for tick in ticks]
    return found


async def _run(url: str, statements: str, query: str = "SELECT 1") -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(url, timeout=10)
    await connection.execute(statements)
    rows = await connection.fetch(query)
    await connection.close()
    return [tuple(row) for row in rows]

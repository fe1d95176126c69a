"""The schema goes up, down and up again, one caller at a time."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import asyncpg
import pytest

from engine.storage.durable import MigrationStatus, migrate
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

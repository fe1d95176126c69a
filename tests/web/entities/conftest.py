"""What the tests of entities add, they take out again: others share the database."""

import asyncio
from collections.abc import Generator

import asyncpg
import pytest

from tests.servers import with_database
from tests.web.conftest import DATABASE

TABLES = (
    "mapping_conflicts",
    "provider_instrument_mapping",
    "instruments",
    "exchange_provider_mapping",
    "exchanges",
    "sectors",
    "providers",
)


@pytest.fixture(autouse=True)
def entities_as_they_were(web_database: str) -> Generator[None]:
    url = with_database(web_database, f"{DATABASE}_simulated")
    known = asyncio.run(_newest(url))
    yield
    asyncio.run(_take_out(url, known))


async def _newest(url: str) -> dict[str, int]:
    connection = await asyncpg.connect(url)
    known = {table: await connection.fetchval(f"SELECT max({_id(table)}) FROM {table}") or 0 for table in TABLES}
    await connection.close()
    return known


async def _take_out(url: str, known: dict[str, int]) -> None:
    connection = await asyncpg.connect(url)
    for table in TABLES:
        await connection.execute(f"DELETE FROM {table} WHERE {_id(table)} > $1", known[table])
    await connection.close()


def _id(table: str) -> str:
    return "exchange_id" if table == "exchange_provider_mapping" else "id"

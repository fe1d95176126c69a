"""A whole web process on the test's own loop: real stores, real Hypercorn, real clients; and the engine's part by hand."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import asyncpg
import httpx
import pytest

from config.settings import Settings
from engine.runtime import ActorSystem, ChildSpec
from engine.storage.durable import DurableStore
from engine.storage.hot import HotStore
from tests.servers import with_database
from tests.web.engine import Engine, seed
from tests.web.process import SECRET, TOKEN, Web
from web.app import make_services, web_tree
from web.screen import BUILT

DATABASE = "web"

CHANGING = (
    "ticks, corporate_actions, price_history_intraday, price_history_daily, candle_revisions, completeness, checkpoints, quarantine, audit_log, "
    "users, sessions, refresh_tokens, api_keys, watchlists, credentials, option_chain_snapshots, "
    "market_statistics, jobs, screener_results"
)
"""Tables that tests write to; what refers to them is emptied with them."""

ENTITIES = (
    "mapping_conflicts",
    "provider_instrument_mapping",
    "instruments",
    "exchange_provider_mapping",
    "exchanges",
    "sectors",
    "providers",
)
"""Tables of which a test that adds rows takes them out again, in this order: others share the database."""


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(scope="session")
def web_database(postgres: str, template_database: str) -> Iterator[str]:
    """One database for all tests here; each test empties what it may have filled."""
    asyncio.run(_execute(postgres, f"CREATE DATABASE {DATABASE}_simulated TEMPLATE {template_database}"))
    url = with_database(postgres, f"{DATABASE}_simulated")
    asyncio.run(_seed(url))
    yield url
    asyncio.run(_execute(postgres, f"DROP DATABASE {DATABASE}_simulated WITH (FORCE)"))


@pytest.fixture
async def hot(redis_url: str) -> AsyncGenerator[HotStore]:
    store = await HotStore.connect(redis_url)
    yield store
    await store.close()


@pytest.fixture
async def durable(web_database: str) -> AsyncGenerator[DurableStore]:
    store = await DurableStore.connect(web_database)
    yield store
    await store.close()
    await _execute(web_database, f"TRUNCATE {CHANGING} CASCADE", DATABASE)


@pytest.fixture
async def engine(hot: HotStore) -> AsyncGenerator[Engine]:
    async with anyio.create_task_group() as tasks:
        part = Engine(hot)
        tasks.start_soon(part.answer_commands)
        yield part
        tasks.cancel_scope.cancel()


@pytest.fixture
def entities_as_they_were(web_database: str) -> Iterator[None]:
    """What the test adds is gone after it."""
    url = with_database(web_database, f"{DATABASE}_simulated")
    known = asyncio.run(_newest(url))
    yield
    asyncio.run(_take_out(url, known))


@contextlib.asynccontextmanager
async def running_web(
    hot: HotStore, durable: DurableStore, *, process: str = "web-1", pages: Path = BUILT, **changes: Any
) -> AsyncGenerator[Web]:
    """A web process with these settings, ready to be asked."""
    written: dict[str, Any] = {
        "redis_url": "redis://unused",
        "database_url": "postgresql://unused",
        "admin_token": TOKEN,
        "secret_key": SECRET,
        "hot_retention_days": 365,  # the tests' noon is a date, and Redis is asked only for what is young
    }
    settings = Settings(**(written | changes))
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(listener)
        system = await stack.enter_async_context(ActorSystem("web"))
        services = make_services(settings, system, hot, durable, process, pages=pages)
        stack.callback(services.accounts.close)
        await system.start(ChildSpec("web", partial(web_tree, settings, services, listener.fileno())))
        http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False)
        web = Web(system, services, await stack.enter_async_context(http), port)
        await web.until_ready()
        yield web


async def _seed(url: str) -> None:
    store = await DurableStore.connect(url)
    await seed(store)
    await store.close()


async def _newest(url: str) -> dict[str, int]:
    connection = await asyncpg.connect(url)
    known = {table: await connection.fetchval(f"SELECT max({_id(table)}) FROM {table}") or 0 for table in ENTITIES}
    await connection.close()
    return known


async def _take_out(url: str, known: dict[str, int]) -> None:
    connection = await asyncpg.connect(url)
    for table in ENTITIES:
        await connection.execute(f"DELETE FROM {table} WHERE {_id(table)} > $1", known[table])
    await connection.close()


def _id(table: str) -> str:
    return "exchange_id" if table == "exchange_provider_mapping" else "id"


async def _execute(server: str, statement: str, database: str = "") -> None:
    url = with_database(server, f"{database}_simulated" if database else "postgres")
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:  # a loop that closes with an open connection does not end
        await connection.close()


@pytest.fixture
async def web(hot: HotStore, durable: DurableStore) -> AsyncGenerator[Web]:
    async with running_web(hot, durable) as process:
        yield process

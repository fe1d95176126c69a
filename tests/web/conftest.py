"""A whole web process on the test's own loop: real stores, real Hypercorn, real clients; and the engine's part by hand."""

import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio
import httpx
import pytest

from config.settings import Settings
from engine.runtime import ActorSystem, ChildSpec
from engine.storage.durable import DurableStore
from engine.storage.hot import HotStore
from tests.servers import (  # noqa: F401 - fixtures
    database_url,
    postgres,
    redis_url,
    session_data_folder,
    template_database,
    valkey,
)
from tests.web.engine import Engine, seed
from tests.web.process import TOKEN, Web
from web.app import make_services, web_tree


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": True}


@pytest.fixture
async def hot(redis_url: str) -> AsyncGenerator[HotStore]:  # noqa: F811
    store = await HotStore.connect(redis_url)
    yield store
    await store.close()


@pytest.fixture
async def durable(database_url: str) -> AsyncGenerator[DurableStore]:  # noqa: F811
    store = await DurableStore.connect(database_url)
    await seed(store)
    yield store
    await store.close()


@pytest.fixture
async def engine(hot: HotStore) -> AsyncGenerator[Engine]:
    async with anyio.create_task_group() as tasks:
        part = Engine(hot)
        tasks.start_soon(part.answer_commands)
        yield part
        tasks.cancel_scope.cancel()


@asynccontextmanager
async def running_web(hot: HotStore, durable: DurableStore, **changes: Any) -> AsyncGenerator[Web]:
    """A web process with these settings, ready to be asked."""
    settings = Settings(redis_url="redis://unused", database_url="postgresql://unused", admin_token=TOKEN, **changes)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    async with ActorSystem("web") as system:
        services = make_services(settings, system, hot, durable, "web-1")
        await system.start(ChildSpec("web", partial(web_tree, settings, services, listener.detach())))
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
            web = Web(system, services, http, port)
            await web.until_ready()
            yield web


@pytest.fixture
async def web(hot: HotStore, durable: DurableStore) -> AsyncGenerator[Web]:
    async with running_web(hot, durable) as process:
        yield process

"""The stores as their tests take them: on asyncio with uvloop, against real servers, emptied for each test."""

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import pytest

from engine.storage.durable import DurableStore
from engine.storage.hot import HotStore
from engine.storage.hot.link import RedisLink


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(params=["hash", pytest.param("timeseries", marks=pytest.mark.timeseries)])
def hot_url(request: pytest.FixtureRequest) -> str:
    """Both kinds of server in turn: Valkey from the wheel, and a Redis with TimeSeries."""
    return request.getfixturevalue("redis_url" if request.param == "hash" else "timeseries_url")


Opener = Callable[..., Awaitable[Any]]


@pytest.fixture
async def opened(anyio_backend: object) -> AsyncGenerator[Opener]:
    """``await opened(HotStore, url, …)``: closed when the test ends, however it ends.

    A failing test that leaves a connection open would hang: uvloop warns while it is torn down, and warnings are errors.
    """
    async with contextlib.AsyncExitStack() as stack:

        async def open_(kind: Any, url: str, **options: Any) -> Any:
            store = kind(url, **options) if kind is RedisLink else await kind.connect(url, **options)
            stack.push_async_callback(store.close)
            return store

        yield open_


@pytest.fixture
async def hot(hot_url: str, opened: Opener) -> HotStore:
    return await opened(HotStore, hot_url)


@pytest.fixture
async def durable(database_url: str, opened: Opener) -> DurableStore:
    return await opened(DurableStore, database_url)

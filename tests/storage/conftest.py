"""The stores as their tests take them: on asyncio with uvloop, against real servers, emptied for each test."""

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import pytest

from engine.storage.durable import DurableStore
from engine.storage.hot import HotStore
from engine.storage.hot.link import RedisLink
from engine.storage.memory import MemoryDurableStore, MemoryHotStore


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


MEMORY = "memory"


@pytest.fixture(params=["hash", pytest.param("timeseries", marks=pytest.mark.timeseries), MEMORY])
def hot_place(request: pytest.FixtureRequest) -> str:
    """Where a hot store may be: both kinds of server, and the double that needs none."""
    fixtures = {"hash": "redis_url", "timeseries": "timeseries_url"}
    return request.getfixturevalue(fixtures[request.param]) if request.param in fixtures else MEMORY


@pytest.fixture
async def hot(hot_place: str, opened: Opener) -> HotStore:
    return MemoryHotStore() if hot_place == MEMORY else await opened(HotStore, hot_place)


@pytest.fixture(params=["postgresql", MEMORY])
def durable_place(request: pytest.FixtureRequest) -> str:
    """Where a durable store may be: the server, and the double that needs none."""
    return MEMORY if request.param == MEMORY else request.getfixturevalue("database_url")


@pytest.fixture
async def durable(durable_place: str, opened: Opener) -> DurableStore:
    return MemoryDurableStore() if durable_place == MEMORY else await opened(DurableStore, durable_place)


ON_POSTGRESQL = pytest.mark.parametrize("durable_place", ["postgresql"], indirect=True)
"""For a test that speaks SQL."""

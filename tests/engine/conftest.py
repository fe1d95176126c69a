"""Stores for whole engines: an index and a database of their own, named as simulated data wants them."""

import asyncio
import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from redis import Redis

from config.places import simulated_redis
from tests.servers import _execute, with_database

_LOWEST_INDEXES = 15
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Stores:
    """The addresses to put into the settings; what is kept there is empty, but migrated."""

    redis_url: str
    database_url: str


@pytest.fixture
def stores(valkey: str, simulated_database_url: str) -> Stores:
    return Stores(emptied(valkey), simulated_database_url)


@pytest.fixture
def timeseries_stores(timeseries: str, simulated_database_url: str) -> Stores:
    return Stores(emptied(timeseries), simulated_database_url)


@pytest.fixture
def simulated_database_url(postgres: str, template_database: str) -> Iterator[str]:
    """The engine adds ``_simulated`` to the name it is given."""
    name = f"engine_{next(_numbers)}"
    administrator = with_database(postgres, "postgres")
    asyncio.run(_execute(administrator, f"CREATE DATABASE {name}_simulated TEMPLATE {template_database}"))
    yield with_database(postgres, name)
    asyncio.run(_execute(administrator, f"DROP DATABASE {name}_simulated WITH (FORCE)"))


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of recorded market data; tests that need it are marked ``recorded`` and skipped without it."""
    root = Path(__file__).parents[2]
    folder = (root / os.environ.get("TICKTREE_RECORDINGS", "../shared/data")).resolve()
    if not (folder / "bars").is_dir():
        pytest.skip(f"no recorded market data in {folder}: set TICKTREE_RECORDINGS")
    return folder


def emptied(server: str) -> str:
    """An address whose neighbour, one index higher, is empty: that is where the engine goes."""
    url = with_database(server, str(next(_numbers) % _LOWEST_INDEXES))
    with Redis.from_url(simulated_redis(url)) as client:
        client.flushdb()
    return url

"""Real servers for the tests: one Valkey, one Redis with TimeSeries and one PostgreSQL per session, cheaply shared.

Each test that asks gets a Redis index of its own, emptied, and a database of its own, cloned from a migrated template.
``make test`` runs two sessions side by side, which share no server, folder or port.

Fixtures for everybody: ``redis_url`` (Valkey, no modules), ``timeseries_url`` (skips with a reason where there is none),
``database_url`` (migrated), ``empty_database_url`` (no tables), ``data_folder`` (reachable by an unprivileged account).
"""

import asyncio
import contextlib
import itertools
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from engine.storage.embedded import ServerProcess, prepare_postgres, prepare_valkey, running

TIMESERIES_SERVER = Path(__file__).parent.parent / "scripts" / "timeseries-server"
_INDEXES = 16
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def session_data_folder() -> Generator[Path]:
    with reachable_folder() as folder:
        yield folder


@pytest.fixture
def data_folder() -> Generator[Path]:
    """A short path below a folder everybody may pass: pytest's own temporary folders are closed to other accounts."""
    with reachable_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def valkey(session_data_folder: Path) -> Generator[str]:
    """The address of the session's Valkey, without an index."""
    with _quietly_running(prepare_valkey, session_data_folder) as url:
        yield url


@pytest.fixture(scope="session")
def postgres(session_data_folder: Path) -> Generator[str]:
    """The address of the session's PostgreSQL."""
    with _quietly_running(hasty_postgres, session_data_folder) as url:
        yield url


@pytest.fixture(scope="session")
def timeseries() -> Generator[str]:
    """The address of a Redis that has the TimeSeries module; in CI its absence is a failure."""
    given = os.environ.get("TICKTREE_TEST_TIMESERIES_URL")
    if given:
        yield given
        return
    port = _free_port()
    started = subprocess.run([TIMESERIES_SERVER, str(port)], capture_output=True, text=True, timeout=300, check=False)
    if started.returncode:
        complaint = f"no Redis with TimeSeries can be started here: {started.stderr.strip()[-300:]}"
        if os.environ.get("CI"):
            pytest.fail(complaint)
        pytest.skip(complaint)
    yield started.stdout.strip()
    subprocess.run([TIMESERIES_SERVER, "stop", str(port)], check=False)


@pytest.fixture
def redis_url(valkey: str) -> str:
    return _emptied_index(valkey)


@pytest.fixture
def timeseries_url(timeseries: str) -> str:
    return _emptied_index(timeseries)


@pytest.fixture(scope="session")
def template_database(postgres: str) -> str:
    """A migrated database that others are cloned from."""
    from engine.storage.durable import migrate

    migrate(with_database(postgres, "template_ticktree"), "up")
    return "template_ticktree"


@pytest.fixture(scope="session")
def spare_databases() -> list[str]:
    """Migrated, empty databases that no test uses now: making one takes half a second, emptying it a tenth of that."""
    return []


@pytest.fixture
def database_url(postgres: str, template_database: str, spare_databases: list[str]) -> Iterator[str]:
    """A migrated, empty database of the test's own."""
    name = spare_databases.pop() if spare_databases else _clone(postgres, template_database)
    yield with_database(postgres, name)
    asyncio.run(_empty(postgres, name))
    spare_databases.append(name)


@pytest.fixture
def empty_database_url(postgres: str) -> Iterator[str]:
    """A database of the test's own without any table."""
    name = _clone(postgres, "template0")
    yield with_database(postgres, name)
    asyncio.run(_execute(with_database(postgres, "postgres"), f"DROP DATABASE {name} WITH (FORCE)"))


def with_database(url: str, name: str) -> str:
    """The same server, another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def _clone(server: str, template: str) -> str:
    name = f"test_{next(_numbers)}"
    asyncio.run(_execute(with_database(server, "postgres"), f"CREATE DATABASE {name} TEMPLATE {template}"))
    return name


async def _empty(server: str, name: str) -> None:
    """Ends what sessions the test left, and takes out what it put in."""
    connection = await asyncpg.connect(with_database(server, name), timeout=10, command_timeout=30)
    try:
        others = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        await connection.execute(f"SELECT pg_terminate_backend(pid) FROM ({others}) AS left_over")
        tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
        names = ", ".join(row["tablename"] for row in await connection.fetch(tables))
        await connection.execute(f"TRUNCATE {names} RESTART IDENTITY")
    finally:
        await connection.close()


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url, timeout=10, command_timeout=30)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _emptied_index(server: str) -> str:
    url = urlunsplit(urlsplit(server)._replace(path=f"/{next(_numbers) % _INDEXES}"))
    address = urlsplit(url)
    with socket.create_connection((address.hostname or "127.0.0.1", address.port or 6379), 5) as connection:
        commands = [f"AUTH {address.password}"] if address.password else []
        for command in (*commands, f"SELECT {address.path[1:]}", "FLUSHDB"):
            connection.sendall(f"{command}\r\n".encode())
            assert connection.recv(100) == b"+OK\r\n"
    return url


def hasty_postgres(data_folder: Path) -> ServerProcess:
    """For tests that kill the server, not the machine: what it writes need not reach the disk."""
    server = prepare_postgres(data_folder)
    options = ("fsync", "full_page_writes")
    return replace(server, argv=(*server.argv, *(part for option in options for part in ("-c", f"{option}=off"))))


@contextlib.contextmanager
def _quietly_running(prepare: Callable[[Path], ServerProcess], folder: Path) -> Generator[str]:
    with (folder / f"{prepare.__name__}.log").open("ab") as log, running(prepare(folder), log=log) as server:
        yield server.url


@contextlib.contextmanager
def reachable_folder() -> Generator[Path]:
    """A short path below a folder everybody may pass."""
    folder = Path(tempfile.mkdtemp(prefix="tt-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]

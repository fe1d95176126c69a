"""How the stores are: reachable, new enough, with which modules, in step with our clock, and with our tables."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, cast

import asyncpg
from redis.asyncio import Redis
from redis.exceptions import RedisError

from engine.doctor.finding import Finding, note, well, wrong
from engine.storage.durable.migrate import migrate
from engine.storage.errors import StorageError

PATIENCE_S = 5.0
OLDEST_POSTGRES = 14
_CLOCK_LIMIT_S = 1.0


async def redis_findings(url: str) -> AsyncIterator[Finding]:
    """Redis or Valkey, as a client meets it."""
    client = cast("Any", Redis).from_url(url, socket_timeout=PATIENCE_S, socket_connect_timeout=PATIENCE_S, retry=None)
    try:
        information = await client.info()
        seconds, microseconds = await client.time()
        for finding in _redis(information, seconds + microseconds / 1e6):
            yield finding
        yield _timeseries(str(await client.execute_command("MODULE LIST")))
    except (RedisError, OSError) as error:
        yield wrong("redis", f"can not be reached: {str(error).rstrip('.')}. Check REDIS_URL.")
    finally:
        await client.aclose()


def _redis(information: Mapping[str, Any], their_time_s: float) -> Iterator[Finding]:
    name = "Valkey" if "valkey_version" in information else "Redis"
    version = information.get("valkey_version", information.get("redis_version"))
    yield well("redis", f"{name} {version} answers.")
    yield _clock("redis", their_time_s)
    policy = information.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        yield wrong("redis", f"forgets keys when it is full ({policy}): set maxmemory-policy noeviction.")


def _timeseries(modules: str) -> Finding:
    if "timeseries" in modules.lower():
        return well("redis", "has the TimeSeries module: candles are kept in it.")
    return note("redis", "has no TimeSeries module: candles are kept in hashes, which works as well.")


async def database_findings(url: str) -> AsyncIterator[Finding]:
    """PostgreSQL and our tables in it, as a client meets them."""
    try:
        connection = await asyncpg.connect(url, timeout=PATIENCE_S, command_timeout=PATIENCE_S)
    except asyncpg.InvalidCatalogNameError as error:
        yield note("database", f"answers, but {error}: ticktree migrate up makes it.")
        return
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        yield wrong("database", f"can not be reached: {error or type(error).__name__}. Check DATABASE_URL.")
        return
    try:
        yield postgres_version(connection.get_server_version().major, await connection.fetchval("SHOW server_version"))
        yield _clock("database", float(await connection.fetchval("SELECT extract(epoch FROM clock_timestamp())")))
        hypertables = await connection.fetchval("SELECT count(*) FROM pg_extension WHERE extname = 'timescaledb'")
        yield well("database", "has TimescaleDB." if hypertables else "has no TimescaleDB: plain tables are used.")
    finally:
        await connection.close()
    yield await table_finding(url)


def postgres_version(major: int, written: str) -> Finding:
    """Whether the server knows multiranges, which verdicts on minutes are kept in."""
    if major < OLDEST_POSTGRES:
        return wrong("database", f"is PostgreSQL {written}: {OLDEST_POSTGRES} or newer is needed.")
    return well("database", f"PostgreSQL {written} answers.")


async def table_finding(url: str) -> Finding:
    """Whether the tables have the form that this version writes."""
    try:
        status = await asyncio.to_thread(migrate, url, "status")
    except StorageError as error:
        return wrong("tables", f"can not be looked at: {error}")
    if status.is_current:
        return well("tables", f"have the newest form ({status.newest}).")
    return note("tables", f"lack {', '.join(status.pending)}: the next run or `ticktree migrate up` brings them.")


def _clock(subject: str, their_time_s: float) -> Finding:
    difference = their_time_s - time.time()
    words = f"its clock is {abs(difference):.1f} s {'ahead of' if difference > 0 else 'behind'} ours"
    if abs(difference) > _CLOCK_LIMIT_S:
        return wrong(subject, f"{words}: candles would close at the wrong time. Check NTP on both machines.")
    return well(subject, f"{words}.")

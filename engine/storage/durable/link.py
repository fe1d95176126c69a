"""The one place that speaks through asyncpg: bounded, in transactions, and with our own errors.

What runs here may run twice: after a restart of the server every pooled connection fails once, so work that met a lost
connection is repeated once on a fresh one.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import asyncpg

from engine.storage.durable.errors import PASSING, reading_address, speaking_postgres

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

Connection: TypeAlias = "PoolConnectionProxy[asyncpg.Record]"
Result = TypeVar("Result")

_CONNECTIONS = 8
_CLOSE_BUDGET_S = 5.0
_SINGLE_TIMEOUT_S = 3.0
_KEEPALIVE = {"tcp_keepalives_idle": "5", "tcp_keepalives_interval": "2", "tcp_keepalives_count": "3"}
"""The server's own: without it what a vanished host holds stays held for two hours."""
_LOST = (
    ConnectionError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
)


class PostgresLink:
    """A pool of connections to one database, which raises nothing but ``DurableStoreError``."""

    def __init__(
        self,
        pool: "asyncpg.Pool[asyncpg.Record]",
        answer_timeout_s: float,
        connect: "Callable[[], Awaitable[asyncpg.Connection[asyncpg.Record]]]",
    ) -> None:
        self._pool = pool
        self._answer_timeout_s = answer_timeout_s
        self.single_connection = connect
        """Opens a connection of its own, outside the pool, that the server gives up soon after its host has vanished."""

    @classmethod
    async def open(cls, url: str, *, answer_timeout_s: float) -> "PostgresLink":
        """A link to a database that answers."""
        with speaking_postgres(), reading_address(url):
            pool = await asyncpg.create_pool(
                url,
                min_size=0,  # a floor would be tried again by itself, with a traceback a second while the server is away
                init_size=1,
                max_size=_CONNECTIONS,
                timeout=min(10.0, answer_timeout_s),
                command_timeout=answer_timeout_s,
                reset=_nothing_to_reset,
            )
        connect = partial(
            asyncpg.connect,
            url,
            timeout=_SINGLE_TIMEOUT_S,
            command_timeout=_SINGLE_TIMEOUT_S,
            server_settings=_KEEPALIVE,
        )
        return cls(pool, answer_timeout_s, connect)

    async def run(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        """Does the work in one transaction: all of it or nothing. It may be done twice."""
        return await self._twice(partial(_in_transaction, work))

    async def rows(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        """The rows of one query. A single statement is a transaction of its own: two round trips less."""
        return await self._twice(lambda connection: connection.fetch(query, *arguments))

    async def value(self, query: str, *arguments: Any) -> Any:
        """The first column of the first row; ``None`` when there is none."""
        return await self._twice(lambda connection: connection.fetchval(query, *arguments))

    async def statement(self, statement: str, timeout_s: float) -> None:
        """Does what no transaction may hold, as a vacuum; takes longer than other statements may."""
        await self._twice(lambda connection: connection.execute(statement, timeout=timeout_s))

    async def close(self) -> None:
        """Closes the connections, by force when the server does not let go."""
        try:
            async with asyncio.timeout(_CLOSE_BUDGET_S):
                await self._pool.close()
        except (TimeoutError, *PASSING):
            self._pool.terminate()

    async def _twice(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        with speaking_postgres():
            try:
                return await self._once(work)
            except _LOST:
                await self._pool.expire_connections()
                return await self._once(work)

    async def _once(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        connection = await self._pool.acquire(timeout=self._answer_timeout_s)
        try:
            result = await work(connection)
        except PASSING:
            connection.terminate()  # a rollback on a silent connection would wait as long again
            raise
        else:
            return result
        finally:  # rolls back what a cancelled caller left behind
            await self._pool.release(connection, timeout=self._answer_timeout_s)


async def _in_transaction(work: Callable[[Connection], Awaitable[Result]], connection: Connection) -> Result:
    transaction = connection.transaction()
    await transaction.start()
    try:
        result = await work(connection)
    except PASSING:
        raise  # with its connection the transaction is gone
    except Exception:  # a refusal, such as a name that is taken; left to the pool, each would be an error in the log
        await transaction.rollback()
        raise
    await transaction.commit()
    return result


async def _nothing_to_reset(_: object) -> None:
    """Instead of a round trip after each use: nothing here outlives its transaction, and an open one is rolled back anyway."""

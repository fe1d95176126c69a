"""Locks: what only one process may do at a time, and another at once when that one is gone."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from engine.storage.durable.errors import speaking_postgres
from engine.storage.errors import DurableStoreError, DurableStoreUnavailableError

if TYPE_CHECKING:
    import asyncpg

_CLOSE_S = 2.0

_TAKE = "SELECT number FROM unnest($1::bigint[]) AS number WHERE pg_try_advisory_lock(number) LIMIT $2"
_GIVE_BACK = "SELECT pg_advisory_unlock($1)"


class SessionLocks:
    """Advisory locks by number, on a connection of their own: with it, however it ends, all of them are free.

    Any failure ends the connection, so that whoever is told of one holds nothing.
    """

    def __init__(self, connect: "Callable[[], Awaitable[asyncpg.Connection[asyncpg.Record]]]") -> None:
        self._connect = connect
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None

    async def take(self, numbers: Collection[int], most: int) -> set[int]:
        """Up to so many of them that were free and are ours now; not to be asked for what we hold."""
        with self._speaking():
            if self._connection is None:
                self._connection = await self._connect()
            rows = await self._connection.fetch(_TAKE, list(numbers), most)
        return {row["number"] for row in rows}

    async def give_back(self, number: int) -> None:
        """Lets go of one that we hold."""
        with self._speaking():
            await self._held().execute(_GIVE_BACK, number)

    async def check(self) -> None:
        """Returns when what we hold is still ours."""
        with self._speaking():
            await self._held().execute("SELECT 1")

    async def close(self) -> None:
        """Lets go of all."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            with speaking_postgres():
                await connection.close(timeout=_CLOSE_S)
        except DurableStoreUnavailableError:
            connection.terminate()

    def _held(self) -> "asyncpg.Connection[asyncpg.Record]":
        if self._connection is None or self._connection.is_closed():
            raise DurableStoreUnavailableError("The connection that held the locks is gone.")
        return self._connection

    @contextmanager
    def _speaking(self) -> Generator[None]:
        try:
            with speaking_postgres():
                yield
        except (DurableStoreError, asyncio.CancelledError):
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.terminate()
            raise

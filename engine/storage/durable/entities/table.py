"""One table of entities: read by its number or in pages, written with its refusals in words, retired or removed."""

# ruff: noqa: S608 - put together from constants; every value travels as an argument

import contextlib
from collections.abc import Generator, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import asyncpg
import msgspec

from engine.storage.durable.entities.errors import EntityClashError, EntityInUseError, EntityUnknownError
from engine.storage.durable.link import Connection, PostgresLink

Key = tuple[str | int, ...]
"""What a list is sorted by; unique in it."""


class Entity(Protocol):
    """What all rows of entities have."""

    @property
    def id(self) -> int: ...
    @property
    def is_active(self) -> bool: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def updated_at(self) -> datetime: ...


Row = TypeVar("Row", bound=Entity)


class Page(msgspec.Struct, Generic[Row], frozen=True):
    """Some rows of a list."""

    rows: list[Row]
    after: Key | None
    """The last row's key, when others come after it."""


class Statements(NamedTuple):
    """The SQL of a table, and its refusals in words."""

    table: str
    select: str
    """All columns of a row, from the table called ``own``."""
    page: str
    """What comes after ``select`` in a list: ``$1`` is how many rows."""
    insert: str
    update: str
    """``$1`` is the row's number; both give it back."""
    noun: str
    clashes: Mapping[str, str] = {}
    """By the constraint that is violated: what is there already."""
    references: Mapping[str, str] = {}
    """By the constraint: the field that names what is not there."""


class EntityTable(Generic[Row]):
    """Reads and writes rows of one kind. Each call is a transaction, and may be done twice after a lost connection."""

    def __init__(self, link: PostgresLink, statements: Statements, row: type[Row]) -> None:
        self._link = link
        self._sql = statements
        self._row = row

    async def one(self, identity: int) -> Row | None:
        """The row of that number."""
        if not _may_be(identity):
            return None
        rows = await self._link.rows(f"{self._sql.select} WHERE own.id = $1", identity)
        return self._made(rows[0]) if rows else None

    async def retire(self, identity: int) -> Row | None:
        """Sets it inactive; all that refers to it stays. ``None``: there is no such row."""
        statement = f"UPDATE {self._sql.table} SET is_active = false, updated_at = now() WHERE id = $1 RETURNING id"
        return await self._written(statement, identity) if _may_be(identity) else None

    async def remove(self, identity: int) -> bool:
        """Deletes it; whether it was there. Raises EntityInUseError while something refers to it."""
        statement = f"DELETE FROM {self._sql.table} WHERE id = $1 RETURNING id"

        async def work(connection: Connection) -> bool:
            try:
                return await connection.fetchval(statement, identity) is not None
            except asyncpg.ForeignKeyViolationError as error:
                user = str(error.table_name).replace("_", " ")
                raise EntityInUseError(f"the {self._sql.noun} is still referred to by {user}") from error

        return _may_be(identity) and await self._link.run(work)

    async def _page(self, limit: int, *arguments: Any, key: Sequence[str]) -> Page[Row]:
        """``key`` names the columns of the list's order."""
        found = await self._link.rows(f"{self._sql.select} {self._sql.page}", limit + 1, *arguments)
        after = tuple(found[limit - 1][name] for name in key) if len(found) > limit else None
        return Page([self._made(row) for row in found[:limit]], after)

    async def _insert(self, *values: Any) -> Row:
        row = await self._written(self._sql.insert, *values)
        assert row is not None
        return row

    async def _update(self, identity: int, *values: Any) -> Row | None:
        return await self._written(self._sql.update, identity, *values) if _may_be(identity) else None

    async def _written(self, statement: str, *values: Any) -> Row | None:
        async def work(connection: Connection) -> Row | None:
            return await self._write(connection, statement, *values)

        return await self._link.run(work)

    async def _write(self, connection: Connection, statement: str, *values: Any) -> Row | None:
        with self._in_words():
            identity = await connection.fetchval(statement, *values)
        row = await connection.fetchrow(f"{self._sql.select} WHERE own.id = $1", identity)
        return None if row is None else self._made(row)

    @contextlib.contextmanager
    def _in_words(self) -> Generator[None]:
        try:
            yield
        except asyncpg.UniqueViolationError as error:
            why = self._sql.clashes.get(str(error.constraint_name), "one like it is there already")
            raise EntityClashError(why) from error
        except asyncpg.ForeignKeyViolationError as error:
            field = self._sql.references.get(str(error.constraint_name), "id")
            raise EntityUnknownError(f"{field} names nothing that is there", field) from error

    def _made(self, row: asyncpg.Record) -> Row:
        return msgspec.convert(dict(row), self._row)


def _may_be(identity: int) -> bool:
    """Whether the column of numbers can hold it: the driver calls one that it can not a failure of the server."""
    return 0 < identity < 2**31

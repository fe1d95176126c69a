"""Belongings: what users keep here, their preferences and their lists of instruments."""

# ruff: noqa: S608 - put together from constants; every value travels as an argument

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from engine.storage.durable.link import Connection, PostgresLink

WATCHLISTS = 100
"""Lists one user may have."""

_COLUMNS = "id, name, instruments, created_at, updated_at"
_LOCK = "SELECT FROM users WHERE id = $1 FOR UPDATE"
_COUNT = "SELECT count(*) FROM watchlists WHERE user_id = $1 AND is_active"
_ADD = f"""
INSERT INTO watchlists (user_id, name, instruments) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING {_COLUMNS}
"""
_CHANGE = f"""
UPDATE watchlists SET name = $3, instruments = $4, updated_at = now() WHERE user_id = $1 AND id = $2 AND is_active
RETURNING {_COLUMNS}
"""
_RETIRE = f"""
UPDATE watchlists SET is_active = false, updated_at = now() WHERE user_id = $1 AND id = $2 AND is_active
RETURNING {_COLUMNS}
"""
_OF_USER = f"SELECT {_COLUMNS} FROM watchlists WHERE user_id = $1 AND is_active"
_PREFER = "UPDATE users SET preferences = $2::jsonb, updated_at = now() WHERE id = $1 RETURNING id"


class Watchlist(msgspec.Struct, frozen=True):
    """A list of instruments, by their canonical names, in its owner's order."""

    id: int
    name: str
    instruments: list[str]
    created_at: datetime
    updated_at: datetime


class WatchlistNameError(Exception):
    """Its owner has a list of this name."""


class TooManyWatchlistsError(Exception):
    """Its owner has as many lists as one may have."""


class Belongings:
    """Each method takes the owner's id, and sees nobody else's."""

    def __init__(self, link: PostgresLink) -> None:
        self._link = link

    async def preferences(self, user: str) -> dict[str, Any] | None:
        """What a user's pages have kept; ``None``: there is no such user."""
        kept: str | None = await self._link.value("SELECT preferences::text FROM users WHERE id = $1", user)
        return None if kept is None else json.loads(kept)

    async def prefer(self, user: str, preferences: str) -> bool:
        """Keeps them, as JSON, in place of what was kept; false: there is no such user."""
        return await self._link.value(_PREFER, user, preferences) is not None

    async def watchlists(self, user: str) -> list[Watchlist]:
        """All lists of a user, by name."""
        return [_watchlist(row) for row in await self._link.rows(f"{_OF_USER} ORDER BY name, id", user)]

    async def watchlist(self, user: str, identity: int) -> Watchlist | None:
        """One of them."""
        rows = await self._link.rows(f"{_OF_USER} AND id = $2", user, identity)
        return _watchlist(rows[0]) if rows else None

    async def add_watchlist(self, user: str, name: str, instruments: Sequence[str]) -> Watchlist | None:
        """A new one; ``None``: there is no such user. Raises WatchlistNameError or TooManyWatchlistsError.

        The user's row is locked first: two at once could each be the last one there is room for.
        """

        async def add(connection: Connection) -> Watchlist | None:
            if await connection.fetchrow(_LOCK, user) is None:
                return None
            if await connection.fetchval(_COUNT, user) >= WATCHLISTS:
                raise TooManyWatchlistsError
            row = await connection.fetchrow(_ADD, user, name, list(instruments))
            if row is None:
                raise WatchlistNameError
            return _watchlist(row)

        return await self._link.run(add)

    async def change_watchlist(
        self, user: str, identity: int, name: str, instruments: Sequence[str]
    ) -> Watchlist | None:
        """Rewrites one; ``None``: they have no such list. Raises WatchlistNameError."""

        async def change(connection: Connection) -> Watchlist | None:
            try:
                row = await connection.fetchrow(_CHANGE, user, identity, name, list(instruments))
            except asyncpg.UniqueViolationError as error:
                raise WatchlistNameError from error
            return None if row is None else _watchlist(row)

        return await self._link.run(change)

    async def retire_watchlist(self, user: str, identity: int) -> Watchlist | None:
        """Takes one away; ``None``: they have no such list."""
        rows = await self._link.rows(_RETIRE, user, identity)
        return _watchlist(rows[0]) if rows else None


def _watchlist(row: asyncpg.Record) -> Watchlist:
    return Watchlist(row["id"], row["name"], list(row["instruments"]), row["created_at"], row["updated_at"])

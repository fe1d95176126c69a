"""Screeners of users: what they look for, as they wrote it; and which instruments a screener is about."""

# ruff: noqa: S608 - put together from constants; every value travels as an argument

from collections.abc import Collection, Sequence
from datetime import datetime

import asyncpg
import msgspec

from engine.storage.durable.link import Connection, PostgresLink

SCREENERS = 100
"""Screeners one user may have."""

DAILY = 10
"""Of one user's screeners: those that may be run by themselves."""

_COLUMNS = "id, name, description, definition::text AS definition, created_at, updated_at"
_LOCK = "SELECT FROM users WHERE id = $1 FOR UPDATE"
_COUNT = "SELECT count(*) FROM screeners WHERE user_id = $1 AND is_active"
_ADD = f"""
INSERT INTO screeners (user_id, name, description, definition) VALUES ($1, $2, $3, $4::jsonb)
ON CONFLICT DO NOTHING RETURNING {_COLUMNS}
"""
_LOOKS_FOR = "SELECT definition = $3::jsonb FROM screeners WHERE user_id = $1 AND id = $2 AND is_active FOR UPDATE"
_CHANGE = f"""
UPDATE screeners SET name = $3, description = $4, definition = $5::jsonb, updated_at = now()
WHERE user_id = $1 AND id = $2 AND is_active RETURNING {_COLUMNS}
"""
_RETIRE = f"""
UPDATE screeners SET is_active = false, updated_at = now() WHERE user_id = $1 AND id = $2 AND is_active
RETURNING {_COLUMNS}
"""
_FORGET = """
WITH screened AS (DELETE FROM checkpoints WHERE name = 'screened:' || $1)
DELETE FROM screener_results WHERE screener = $1::text
"""
_DAILY_COUNT = """
SELECT count(*) FROM screeners WHERE user_id = $1 AND id IS DISTINCT FROM $2 AND is_active
    AND definition ->> 'schedule' = 'daily' AND $3::jsonb ->> 'schedule' = 'daily'
"""
_DAILY = """
SELECT id, owner, definition, screened_ns FROM (
    SELECT s.id, s.user_id AS owner, s.definition::text AS definition, s.updated_at,
        coalesce(c.position_ns, 0) AS screened_ns, row_number() OVER (PARTITION BY s.user_id ORDER BY s.id) AS place
    FROM screeners s JOIN users u ON u.id = s.user_id LEFT JOIN checkpoints c ON c.name = 'screened:' || s.id
    WHERE s.is_active AND u.is_active AND s.definition ->> 'schedule' = 'daily'
) AS daily WHERE screened_ns < $1 ORDER BY place, updated_at, id
"""
"""Each user's first one comes before anybody's second, and who was rewritten just now after the others."""
_AMONG = "SELECT id FROM screeners WHERE user_id = $1 AND is_active AND id::bigint = ANY ($2::bigint[])"
_OF_USER = f"SELECT {_COLUMNS} FROM screeners WHERE user_id = $1 AND is_active"
_EXCHANGES = "SELECT code AS name FROM exchanges WHERE is_active ORDER BY code"
_SECTORS = "SELECT name FROM sectors WHERE is_active ORDER BY name"
_UNIVERSE = """
SELECT e.code || ':' || i.symbol AS instrument FROM instruments i
JOIN exchanges e ON e.id = i.exchange_id LEFT JOIN sectors s ON s.id = i.sector_id
WHERE i.is_active AND e.is_active AND ($1::text IS NULL OR e.code = $1) AND ($2::text IS NULL OR s.name = $2)
    AND ($3::text IS NULL OR i.kind = $3) AND ($4::text[] IS NULL OR e.code || ':' || i.symbol = ANY ($4))
ORDER BY instrument LIMIT $5
"""


class OwnScreener(msgspec.Struct, frozen=True):
    """A user's screener; ``definition`` is JSON."""

    id: int
    name: str
    description: str
    definition: str
    created_at: datetime
    updated_at: datetime


class DailyScreener(msgspec.Struct, frozen=True):
    """A user's screener that is run by itself; ``definition`` is JSON."""

    id: int
    owner: str
    definition: str
    screened_ns: int
    """The end of the trading day for which it was run last; 0: none yet."""


class ScreenerNameError(Exception):
    """Its owner has a screener of this name."""


class TooManyScreenersError(Exception):
    """Its owner has as many screeners as one may have."""


class TooManyDailyError(Exception):
    """Its owner has as many screeners that run by themselves as one may have."""


class OwnScreeners:
    """Each method takes the owner's id, and sees nobody else's."""

    def __init__(self, link: PostgresLink) -> None:
        self._link = link

    async def all(self, user: str) -> list[OwnScreener]:
        """All screeners of a user, by name."""
        return [_screener(row) for row in await self._link.rows(f"{_OF_USER} ORDER BY name, id", user)]

    async def one(self, user: str, identity: int) -> OwnScreener | None:
        """One of them."""
        rows = await self._link.rows(f"{_OF_USER} AND id = $2", user, identity)
        return _screener(rows[0]) if rows else None

    async def among(self, user: str, identities: Collection[int]) -> list[int]:
        """Which of these numbers are of a user's screeners."""
        return [row["id"] for row in await self._link.rows(_AMONG, user, identities)]

    async def add(self, user: str, name: str, description: str, definition: str) -> OwnScreener | None:
        """A new one; ``None``: there is no such user. Raises ScreenerNameError, TooManyScreenersError or TooManyDailyError.

        The user's row is locked first: two at once could each be the last one there is room for.
        """

        async def add(connection: Connection) -> OwnScreener | None:
            if await connection.fetchrow(_LOCK, user) is None:
                return None
            if await connection.fetchval(_COUNT, user) >= SCREENERS:
                raise TooManyScreenersError
            await _check_daily(connection, user, None, definition)
            row = await connection.fetchrow(_ADD, user, name, description, definition)
            if row is None:
                raise ScreenerNameError
            return _screener(row)

        return await self._link.run(add)

    async def change(
        self, user: str, identity: int, name: str, description: str, definition: str
    ) -> OwnScreener | None:
        """Rewrites one; ``None``: they have no such screener. Raises ScreenerNameError or TooManyDailyError.

        What it found when it looked for something else is forgotten.
        """

        async def change(connection: Connection) -> OwnScreener | None:
            await connection.fetchrow(_LOCK, user)
            await _check_daily(connection, user, identity, definition)
            is_same = await connection.fetchval(_LOOKS_FOR, user, identity, definition)
            try:
                row = await connection.fetchrow(_CHANGE, user, identity, name, description, definition)
            except asyncpg.UniqueViolationError as error:
                raise ScreenerNameError from error
            if is_same is False:
                await connection.execute(_FORGET, str(identity))
            return None if row is None else _screener(row)

        return await self._link.run(change)

    async def retire(self, user: str, identity: int) -> OwnScreener | None:
        """Takes one away, and what it found; ``None``: they have no such screener."""

        async def retire(connection: Connection) -> OwnScreener | None:
            row = await connection.fetchrow(_RETIRE, user, identity)
            if row is None:
                return None
            await connection.execute(_FORGET, str(identity))
            return _screener(row)

        return await self._link.run(retire)

    async def daily(self, until_ns: int) -> list[DailyScreener]:
        """Everybody's that are run by themselves and were not yet for a trading day that ended by then, in fair order."""
        return [DailyScreener(**dict(row)) for row in await self._link.rows(_DAILY, until_ns)]

    async def exchanges(self) -> list[str]:
        """The active ones, by code."""
        return [row["name"] for row in await self._link.rows(_EXCHANGES)]

    async def sectors(self) -> list[str]:
        """The active ones, by name."""
        return [row["name"] for row in await self._link.rows(_SECTORS)]

    async def universe(
        self, exchange: str | None, sector: str | None, kind: str | None, among: Sequence[str] | None, limit: int
    ) -> list[str]:
        """The active instruments of which all holds that is given, by name; at most ``limit``."""
        rows = await self._link.rows(_UNIVERSE, exchange, sector, kind, among, limit)
        return [row["instrument"] for row in rows]


async def _check_daily(connection: Connection, user: str, identity: int | None, definition: str) -> None:
    if await connection.fetchval(_DAILY_COUNT, user, identity, definition) >= DAILY:
        raise TooManyDailyError


def _screener(row: asyncpg.Record) -> OwnScreener:
    return OwnScreener(**dict(row))

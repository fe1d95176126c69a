"""The table of API keys: by what programs are known, and what each may do."""

from datetime import datetime

import asyncpg
import msgspec

from engine.storage.durable.accounts.users import Role
from engine.storage.durable.link import Connection, PostgresLink
from engine.storage.durable.times import moment

KEYS = 50
"""Active ones that one owner may have."""

_COLUMNS = "k.id, k.user_id, k.name, k.scopes, k.requests_per_minute, k.expires_at, k.is_active, k.created_at"
_COUNT = "SELECT count(*) FROM api_keys WHERE user_id IS NOT DISTINCT FROM $1 AND is_active AND id <> $2"
_ADD = """
INSERT INTO api_keys (id, user_id, name, digest, scopes, requests_per_minute, expires_at, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING
"""
_OWN = f"""
SELECT {_COLUMNS} FROM api_keys k WHERE k.user_id IS NOT DISTINCT FROM $1 AND k.is_active ORDER BY k.created_at, k.id
"""  # noqa: S608
_HOLDER = f"""
SELECT {_COLUMNS}, k.digest, coalesce(u.role, 'admin') AS role
FROM api_keys k LEFT JOIN users u ON u.id = k.user_id
WHERE k.id = $1 AND k.is_active AND coalesce(u.is_active, true)
"""  # noqa: S608
_END = """
UPDATE api_keys SET is_active = false, updated_at = now()
WHERE id = $1 AND is_active AND user_id IS NOT DISTINCT FROM $2 RETURNING id
"""

_ENDED = """
SELECT k.id FROM api_keys k LEFT JOIN users u ON u.id = k.user_id
WHERE (NOT k.is_active AND k.updated_at >= $1) OR (NOT u.is_active AND u.updated_at >= $1)
"""


class ApiKey(msgspec.Struct, frozen=True):
    """A program's key, without its secret."""

    id: str
    user: str | None
    """Its owner; none when it was made with the administrator's token."""
    name: str
    scopes: tuple[str, ...]
    requests_per_minute: int
    expires_at: datetime | None
    created_at: datetime
    is_active: bool = True


class KeyHolder(msgspec.Struct, frozen=True):
    """What a key is compared with and what it may do now."""

    key: ApiKey
    digest: str
    """Of its secret part."""
    role: Role
    """Its owner's."""

    def __repr__(self) -> str:
        return f"KeyHolder({self.key.id})"


class ApiKeys:
    """Keys by their public part."""

    def __init__(self, link: PostgresLink) -> None:
        self._link = link

    async def add_key(self, key: ApiKey, digest: str) -> bool:
        """Makes a key; false when the owner has as many as one may have, or the public part is taken."""

        async def add(connection: Connection) -> bool:
            if await connection.fetchval(_COUNT, key.user, key.id) >= KEYS:
                return False
            limits = list(key.scopes), key.requests_per_minute, key.expires_at, key.created_at
            await connection.execute(_ADD, key.id, key.user, key.name, digest, *limits)
            return await connection.fetchval("SELECT digest FROM api_keys WHERE id = $1", key.id) == digest

        return await self._link.run(add)

    async def key_holder(self, identity: str) -> KeyHolder | None:
        """An active key of an active owner, with what tells whether the secret part is right; it may have expired."""
        rows = await self._link.rows(_HOLDER, identity)
        return KeyHolder(_key(rows[0]), rows[0]["digest"], rows[0]["role"]) if rows else None

    async def keys_of(self, user: str | None) -> list[ApiKey]:
        """An owner's active keys, oldest first; of ``None`` those made with the administrator's token."""
        return [_key(row) for row in await self._link.rows(_OWN, user)]

    async def end_key(self, identity: str, user: str | None) -> bool:
        """Ends an owner's key; false when they have no such active key."""
        return await self._link.value(_END, identity, user) is not None

    async def keys_ended(self, since_ns: int) -> list[str]:
        """Those that have ended since then, by themselves or with their owner's account."""
        return [row["id"] for row in await self._link.rows(_ENDED, moment(since_ns))]


def _key(row: asyncpg.Record) -> ApiKey:
    return ApiKey(
        id=row["id"],
        user=row["user_id"],
        name=row["name"],
        scopes=tuple(row["scopes"]),
        requests_per_minute=row["requests_per_minute"],
        expires_at=row["expires_at"],
        is_active=row["is_active"],
        created_at=row["created_at"],
    )

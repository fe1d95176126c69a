"""The table of webhooks: addresses that a user's alerts are sent to."""

# ruff: noqa: S608 - put together from constants; every value travels as an argument

from datetime import datetime

import asyncpg
import msgspec

from engine.storage.durable.link import Connection, PostgresLink

WEBHOOKS = 10
"""Webhooks one user may have."""

_COLUMNS = "id, name, url, fingerprint, created_at"
_LOCK = "SELECT FROM users WHERE id = $1 FOR UPDATE"
_COUNT = "SELECT count(*) FROM webhooks WHERE user_id = $1 AND is_active"
_ADD = f"""
INSERT INTO webhooks (user_id, name, url, ciphertext, nonce, key_id, fingerprint)
VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING {_COLUMNS}
"""
_OF_USER = f"SELECT {_COLUMNS} FROM webhooks WHERE user_id = $1 AND is_active ORDER BY id"
_LEAVE = "UPDATE alert_rules SET webhook_id = NULL, updated_at = now() WHERE user_id = $1 AND webhook_id = $2"
_GIVE_UP = """
UPDATE alert_deliveries SET status = 'failed', why = 'the webhook was deleted', updated_at = now()
WHERE webhook_id = $1 AND status = 'waiting'
"""
_RETIRE = f"""
UPDATE webhooks SET is_active = false, ciphertext = '', nonce = '', updated_at = now()
WHERE user_id = $1 AND id = $2 AND is_active RETURNING {_COLUMNS}
"""


class SealedSecret(msgspec.Struct, frozen=True):
    """What signs the deliveries, closed."""

    ciphertext: bytes
    nonce: bytes
    key_id: str
    fingerprint: str

    def __repr__(self) -> str:
        return f"SealedSecret({self.fingerprint})"


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """An address, without its secret."""

    id: int
    name: str
    url: str
    fingerprint: str
    """Tells whether two secrets are the same, and nothing else."""
    created_at: datetime


class TooManyWebhooksError(Exception):
    """Its owner has as many webhooks as one may have."""


class Webhooks:
    """Each method takes the owner's id, and sees nobody else's."""

    def __init__(self, link: PostgresLink) -> None:
        self._link = link

    async def of(self, owner: str) -> list[Webhook]:
        """A user's, the oldest first."""
        return [_webhook(row) for row in await self._link.rows(_OF_USER, owner)]

    async def add(self, owner: str, name: str, url: str, secret: SealedSecret) -> Webhook | None:
        """A new one; ``None``: there is no such user. Raises TooManyWebhooksError."""

        async def add(connection: Connection) -> Webhook | None:
            if await connection.fetchrow(_LOCK, owner) is None:
                return None
            if await connection.fetchval(_COUNT, owner) >= WEBHOOKS:
                raise TooManyWebhooksError
            sealed = secret.ciphertext, secret.nonce, secret.key_id, secret.fingerprint
            return _webhook(await connection.fetchrow(_ADD, owner, name, url, *sealed))

        return await self._link.run(add)

    async def retire(self, owner: str, identity: int) -> Webhook | None:
        """Takes one away with its secret: rules go on without it, and what waits is not sent."""

        async def retire(connection: Connection) -> Webhook | None:
            row = await connection.fetchrow(_RETIRE, owner, identity)
            if row is None:
                return None
            await connection.execute(_LEAVE, owner, identity)
            await connection.execute(_GIVE_UP, identity)
            return _webhook(row)

        return await self._link.run(retire)


def _webhook(row: asyncpg.Record | None) -> Webhook:
    assert row is not None
    return Webhook(**dict(row))

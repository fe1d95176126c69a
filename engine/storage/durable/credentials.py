"""The table of credentials: sealed, and opened by nobody here."""

from datetime import datetime
from typing import Any, Literal

import asyncpg
import msgspec

from engine.storage.durable.link import PostgresLink

Kind = Literal["token", "totp"]

_COLUMNS = (
    "id, provider, kind, identity, ciphertext, nonce, key_id, fingerprint, expires_at, source, is_active, created_at, "
    "updated_at"
)
_KEEP = f"""
INSERT INTO credentials (provider, kind, identity, ciphertext, nonce, key_id, fingerprint, expires_at, source)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (provider, kind) DO UPDATE SET identity = $3, ciphertext = $4, nonce = $5, key_id = $6, fingerprint = $7,
    expires_at = $8, source = $9, is_active = true, updated_at = now()
RETURNING {_COLUMNS}
"""  # noqa: S608 - put together from constants
_ALL = f"SELECT {_COLUMNS} FROM credentials WHERE is_active ORDER BY provider, kind"  # noqa: S608 - as above
_END = f"""
UPDATE credentials SET is_active = false, ciphertext = '', nonce = '', updated_at = now()
WHERE id = $1 AND is_active RETURNING {_COLUMNS}
"""  # noqa: S608 - as above


class CredentialDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A credential as it is written."""

    provider: str
    kind: Kind
    """A token, or what tokens are made of: the seed of one-time codes and a PIN."""
    identity: str
    ciphertext: bytes
    nonce: bytes
    key_id: str
    """Which key it was sealed with."""
    fingerprint: str
    """Tells whether two are the same, and nothing else."""
    expires_at: datetime | None
    source: str
    """By which way it came: admin, command, file or totp."""


class SealedCredential(CredentialDraft, frozen=True, kw_only=True):
    """A credential as it stands."""

    id: int
    is_active: bool
    created_at: datetime
    updated_at: datetime

    def __repr__(self) -> str:
        return f"SealedCredential({self.provider}, {self.kind}, {self.fingerprint})"


class SealedCredentials:
    """One of each kind a provider has."""

    def __init__(self, link: PostgresLink) -> None:
        self._link = link

    async def keep_credential(self, draft: CredentialDraft) -> SealedCredential:
        """Writes it in the place of the one of its kind."""
        values = (getattr(draft, name) for name in CredentialDraft.__struct_fields__)
        return _made((await self._link.rows(_KEEP, *values))[0])

    async def credentials(self) -> list[SealedCredential]:
        """All that are active, by provider and kind."""
        return [_made(row) for row in await self._link.rows(_ALL)]

    async def end_credential(self, identity: int) -> SealedCredential | None:
        """Forgets one for good: of its row no secret is left. ``None``: there is none of that number."""
        rows = await self._link.rows(_END, identity) if 0 < identity < 2**31 else []
        return _made(rows[0]) if rows else None


def _made(row: asyncpg.Record) -> SealedCredential:
    values: dict[str, Any] = dict(row)
    return msgspec.convert(values, SealedCredential)

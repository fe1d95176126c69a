"""The table of credentials, in memory."""

from datetime import UTC, datetime

import msgspec

from engine.storage.durable.credentials import CredentialDraft, SealedCredential, SealedCredentials
from engine.storage.memory.tables import Tables


class MemorySealedCredentials(SealedCredentials):
    """One of each kind a provider has."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def keep_credential(self, draft: CredentialDraft) -> SealedCredential:
        """Writes it in the place of the one of its kind."""
        await self._tables.arrive()
        kept, now = self._tables.credentials, datetime.now(UTC)
        before = next((row for row in kept.values() if (row.provider, row.kind) == (draft.provider, draft.kind)), None)
        row = SealedCredential(
            **msgspec.structs.asdict(draft),
            id=before.id if before else len(kept) + 1,
            is_active=True,
            created_at=before.created_at if before else now,
            updated_at=now,
        )
        kept[row.id] = row
        return row

    async def credentials(self) -> list[SealedCredential]:
        """All that are active, by provider and kind."""
        await self._tables.arrive()
        active = [row for row in self._tables.credentials.values() if row.is_active]
        return sorted(active, key=lambda row: (row.provider, row.kind))

    async def end_credential(self, identity: int) -> SealedCredential | None:
        """Forgets one for good."""
        await self._tables.arrive()
        row = self._tables.credentials.get(identity)
        if row is None or not row.is_active:
            return None
        ended = msgspec.structs.replace(row, is_active=False, ciphertext=b"", nonce=b"", updated_at=datetime.now(UTC))
        self._tables.credentials[identity] = ended
        return ended

"""The engine's own records in memory."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from engine.storage.durable import AuditEntry, Job
from engine.storage.durable.records import Records
from engine.storage.memory.tables import Tables


class MemoryRecords(Records):
    """What the engine and its operators leave behind."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def save_job(self, job: Job) -> None:
        """Notes a job, or how far it got."""
        await self._tables.arrive()
        self._tables.jobs[job.id] = job

    async def jobs(self, limit: int = 100, kind: str = "") -> list[Job]:
        """The newest jobs, or those of one kind."""
        await self._tables.arrive()
        return [job for job in reversed(self._tables.jobs.values()) if kind in ("", job.kind)][:limit]

    async def job(self, identity: str) -> Job | None:
        """One of them."""
        await self._tables.arrive()
        return self._tables.jobs.get(identity)

    async def keep_hash(self, name: str, digest: str) -> None:
        """Keeps the hash of a secret, such as ``admin_token``; never the secret."""
        await self._tables.arrive()
        self._tables.hashes[name] = digest

    async def keep_first_hash(self, name: str, digest: str) -> str:
        """Keeps the hash if there is none; the one that stands, of whoever came first."""
        await self._tables.arrive()
        return self._tables.hashes.setdefault(name, digest)

    async def hash_of(self, name: str) -> str | None:
        """The kept hash of a secret."""
        await self._tables.arrive()
        return self._tables.hashes.get(name)

    async def audit(
        self,
        actor: str,
        action: str,
        target: str = "",
        detail: Mapping[str, Any] | None = None,
        *,
        address: str = "",
        outcome: str = "",
    ) -> None:
        """Notes who did what to what."""
        await self._tables.arrive()
        number, now = len(self._tables.audit) + 1, datetime.now(UTC)
        self._tables.audit.append(AuditEntry(number, now, actor, action, target, detail or {}, address, outcome))

    async def audit_log(self, limit: int = 100, before: int | None = None) -> list[AuditEntry]:
        """The newest entries, or the newest of those before one."""
        await self._tables.arrive()
        return [entry for entry in self._tables.audit[::-1] if before is None or entry.id < before][:limit]

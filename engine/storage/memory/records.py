"""The engine's own records in memory."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from engine.storage.durable import AuditEntry, Job
from engine.storage.durable.records import FINISHED, NAMED, Records
from engine.storage.memory.tables import Tables


class MemoryRecords(Records):
    """What the engine and its operators leave behind."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def save_job(self, job: Job) -> None:
        """Notes a job, or how far it got."""
        await self._tables.arrive()
        known = self._tables.jobs.get(job.id, job)
        self._tables.jobs[job.id] = msgspec.structs.replace(job, arguments=known.arguments)

    async def jobs(self, limit: int = 100, kind: str = "") -> list[Job]:
        """The newest jobs, or those of one kind. Of more than NAMED instruments the first are named, and ``others`` counts."""
        await self._tables.arrive()
        newest = [job for job in reversed(self._tables.jobs.values()) if kind in ("", job.kind)][:limit]
        return [msgspec.structs.replace(job, arguments=_shortened(job.arguments)) for job in newest]

    async def unfinished_jobs(self) -> list[Job]:
        """Those that are not at their end, whole, the oldest first."""
        await self._tables.arrive()
        return [job for job in self._tables.jobs.values() if job.status not in FINISHED]

    async def forget_jobs(self, days: int) -> int:  # noqa: ARG002 - as the real one has it
        """Nobody lives that long here."""
        await self._tables.arrive()
        return 0

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


def _shortened(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    names = arguments.get("instruments") or ()
    if len(names) <= NAMED:
        return arguments
    return {**arguments, "instruments": list(names[:NAMED]), "others": len(names) - NAMED}

"""The engine's own records in memory."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from engine.storage.durable import AuditEntry, Gap, Job
from engine.storage.durable.records import Records
from engine.storage.memory.tables import Tables


class MemoryRecords(Records):
    """What the engine and its operators leave behind."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def record_gaps(self, gaps: Sequence[Gap]) -> None:
        """Notes gaps, or what became of gaps that begin at the same time. Unknown instruments are left out."""
        await self._tables.arrive()
        known = self._tables.known(gap.instrument for gap in gaps)
        self._tables.gaps |= {
            (gap.instrument, gap.timeframe, gap.start_ns): gap for gap in gaps if gap.instrument in known
        }

    async def gaps(self, status: str, limit: int = 10_000) -> list[Gap]:
        """The oldest gaps of a status."""
        await self._tables.arrive()
        found = [gap for gap in self._tables.gaps.values() if gap.status == status]
        return sorted(found, key=lambda gap: gap.start_ns)[:limit]

    async def save_job(self, job: Job) -> None:
        """Notes a job, or how far it got."""
        await self._tables.arrive()
        self._tables.jobs[job.id] = job

    async def jobs(self, limit: int = 100) -> list[Job]:
        """The newest jobs."""
        await self._tables.arrive()
        return list(reversed(self._tables.jobs.values()))[:limit]

    async def keep_hash(self, name: str, digest: str) -> None:
        """Keeps the hash of a secret, such as ``admin_token``; never the secret."""
        await self._tables.arrive()
        self._tables.hashes[name] = digest

    async def hash_of(self, name: str) -> str | None:
        """The kept hash of a secret."""
        await self._tables.arrive()
        return self._tables.hashes.get(name)

    async def audit(self, actor: str, action: str, target: str = "", detail: Mapping[str, Any] | None = None) -> None:
        """Notes who did what to what."""
        await self._tables.arrive()
        self._tables.audit.append(AuditEntry(datetime.now(UTC), actor, action, target, detail or {}))

    async def audit_log(self, limit: int = 100) -> list[AuditEntry]:
        """The newest entries."""
        await self._tables.arrive()
        return self._tables.audit[::-1][:limit]

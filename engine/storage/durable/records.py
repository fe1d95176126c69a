"""The engine's own records: gaps and what became of them, jobs, hashes of secrets, and who did what."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from engine.storage.durable.instruments import InstrumentNames
from engine.storage.durable.link import Connection, PostgresLink
from engine.storage.durable.rows import AuditEntry, Gap, Job

_MICROSECOND_NS = 1_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_RECORD_GAPS = """
INSERT INTO completeness (instrument_id, timeframe, start_ts, end_ts, status, reason) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (instrument_id, timeframe, start_ts) DO UPDATE
SET end_ts = excluded.end_ts, status = excluded.status, reason = excluded.reason, updated_at = now()
"""
_GAPS = """
SELECT instrument_id, timeframe, (extract(epoch FROM start_ts) * 1000000)::bigint AS start_us,
    (extract(epoch FROM end_ts) * 1000000)::bigint AS end_us, status, reason
FROM completeness WHERE status = $1 ORDER BY start_ts LIMIT $2
"""
_SAVE_JOB = """
INSERT INTO jobs (id, kind, status, progress, message) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (id) DO UPDATE SET status = excluded.status, progress = excluded.progress, message = excluded.message,
    updated_at = now()
"""
_JOBS = "SELECT id, kind, status, progress, message FROM jobs ORDER BY created_at DESC LIMIT $1"
_KEEP_HASH = """
INSERT INTO secrets (name, hash) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET hash = excluded.hash, updated_at = now()
"""
_AUDIT = "INSERT INTO audit_log (actor, action, target, detail) VALUES ($1, $2, $3, $4)"
_AUDIT_LOG = "SELECT at, actor, action, target, detail FROM audit_log ORDER BY id DESC LIMIT $1"


class Records:
    """What the engine and its operators leave behind."""

    def __init__(self, link: PostgresLink, names: InstrumentNames) -> None:
        self._link = link
        self._names = names

    async def record_gaps(self, gaps: Sequence[Gap]) -> None:
        """Notes gaps, or what became of gaps that begin at the same time. Unknown instruments are left out."""
        ids = await self._names.ids(gap.instrument for gap in gaps)
        rows = [
            (ids[gap.instrument], gap.timeframe, _moment(gap.start_ns), _moment(gap.end_ns), gap.status, gap.reason)
            for gap in gaps
            if gap.instrument in ids
        ]

        async def work(connection: Connection) -> None:
            await connection.executemany(_RECORD_GAPS, rows)

        await self._link.run(work)

    async def gaps(self, status: str, limit: int = 10_000) -> list[Gap]:
        """The oldest gaps of a status: ``open``, ``healed`` or ``unresolvable``."""
        rows = await self._link.rows(_GAPS, status, limit)
        names = await self._names.names({row["instrument_id"] for row in rows})
        return [
            Gap(
                instrument=names[row["instrument_id"]],
                timeframe=row["timeframe"],
                start_ns=row["start_us"] * _MICROSECOND_NS,
                end_ns=row["end_us"] * _MICROSECOND_NS,
                status=row["status"],
                reason=row["reason"],
            )
            for row in rows
        ]

    async def save_job(self, job: Job) -> None:
        """Notes a job, or how far it got."""
        await self._link.value(_SAVE_JOB, job.id, job.kind, job.status, job.progress, job.message)

    async def jobs(self, limit: int = 100) -> list[Job]:
        """The newest jobs."""
        return [Job(**dict(row)) for row in await self._link.rows(_JOBS, limit)]

    async def keep_hash(self, name: str, digest: str) -> None:
        """Keeps the hash of a secret, such as ``admin_token``; never the secret."""
        await self._link.value(_KEEP_HASH, name, digest)

    async def hash_of(self, name: str) -> str | None:
        """The kept hash of a secret."""
        return await self._link.value("SELECT hash FROM secrets WHERE name = $1", name)

    async def audit(self, actor: str, action: str, target: str = "", detail: Mapping[str, Any] | None = None) -> None:
        """Notes who did what to what. Repeated after a lost connection it may be noted twice, never lost."""
        await self._link.value(_AUDIT, actor, action, target, msgspec.json.encode(detail or {}).decode())

    async def audit_log(self, limit: int = 100) -> list[AuditEntry]:
        """The newest entries."""
        rows = await self._link.rows(_AUDIT_LOG, limit)
        return [AuditEntry(**{**dict(row), "detail": msgspec.json.decode(row["detail"])}) for row in rows]


def _moment(time_ns: int) -> datetime:
    return _EPOCH + timedelta(microseconds=time_ns // _MICROSECOND_NS)

"""The engine's own records: jobs, hashes of secrets, and who did what."""

from collections.abc import Mapping
from typing import Any

import msgspec

from engine.storage.durable.link import PostgresLink
from engine.storage.durable.rows import AuditEntry, Job

NAMED = 10
"""Instruments that lists of jobs name of each; an end of day is about thousands."""
FINISHED = ("done", "failed", "cancelled")

_NOTE_JOB = """
UPDATE jobs SET status = $2, progress = $3, message = $4, done = $5, total = $6, updated_at = now() WHERE id = $1
RETURNING true
"""
_SAVE_JOB = """
INSERT INTO jobs (id, kind, status, progress, message, arguments, done, total) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (id) DO UPDATE SET status = excluded.status, progress = excluded.progress, message = excluded.message,
    done = excluded.done, total = excluded.total, updated_at = now()
"""
_COLUMNS = "SELECT id, kind, status, progress, message, done, total"
_COUNTED = "jsonb_path_query_first(arguments, '$.instruments.size()')::int"
_LISTED = f"""
{_COLUMNS}, CASE WHEN {_COUNTED} > {NAMED} THEN arguments || jsonb_build_object(
    'instruments', jsonb_path_query_array(arguments, '$.instruments[0 to {NAMED - 1}]'), 'others', {_COUNTED} - {NAMED}
) ELSE arguments END AS arguments
FROM jobs WHERE $2 IN ('', kind) ORDER BY created_at DESC LIMIT $1
"""
_UNFINISHED = f"{_COLUMNS}, arguments FROM jobs WHERE status <> ALL ($1) ORDER BY created_at"
_JOB = f"{_COLUMNS}, arguments FROM jobs WHERE id = $1"
_FORGET_JOBS = """
WITH gone AS (
    DELETE FROM jobs WHERE status = ANY ($1) AND greatest(created_at, updated_at) < now() - make_interval(days => $2)
    RETURNING 1
)
SELECT count(*) FROM gone
"""
_KEEP_HASH = """
INSERT INTO secrets (name, hash) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET hash = excluded.hash, updated_at = now()
"""
_KEEP_FIRST_HASH = """
INSERT INTO secrets (name, hash) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING hash
"""
_AUDIT = "INSERT INTO audit_log (actor, action, target, detail, address, outcome) VALUES ($1, $2, $3, $4, $5, $6)"
_AUDIT_LOG = """
SELECT id, at, actor, action, target, detail, address, outcome FROM audit_log
WHERE $2::bigint IS NULL OR id < $2 ORDER BY id DESC LIMIT $1
"""


class Records:
    """What the engine and its operators leave behind."""

    def __init__(self, link: PostgresLink) -> None:
        self._link = link

    async def save_job(self, job: Job) -> None:
        """Notes a job, or how far it got. What it was asked for is sent once: it stays as it was."""
        progress = job.status, job.progress, job.message
        if await self._link.value(_NOTE_JOB, job.id, *progress, job.done, job.total):
            return
        arguments = msgspec.json.encode(job.arguments).decode()
        await self._link.value(_SAVE_JOB, job.id, job.kind, *progress, arguments, job.done, job.total)

    async def jobs(self, limit: int = 100, kind: str = "") -> list[Job]:
        """The newest jobs, or those of one kind. Of more than NAMED instruments the first are named, and ``others`` counts."""
        return [_job(dict(row)) for row in await self._link.rows(_LISTED, limit, kind)]

    async def unfinished_jobs(self) -> list[Job]:
        """Those that are not at their end, whole, the oldest first."""
        return [_job(dict(row)) for row in await self._link.rows(_UNFINISHED, FINISHED)]

    async def forget_jobs(self, days: int) -> int:
        """Forgets those that were at their end so many days ago; how many."""
        return await self._link.value(_FORGET_JOBS, FINISHED, days)

    async def job(self, identity: str) -> Job | None:
        """One of them."""
        rows = await self._link.rows(_JOB, identity)
        return _job(dict(rows[0])) if rows else None

    async def keep_hash(self, name: str, digest: str) -> None:
        """Keeps the hash of a secret, such as ``admin_token``; never the secret."""
        await self._link.value(_KEEP_HASH, name, digest)

    async def keep_first_hash(self, name: str, digest: str) -> str:
        """Keeps the hash if there is none; the one that stands, of whoever came first."""
        return await self._link.value(_KEEP_FIRST_HASH, name, digest)

    async def hash_of(self, name: str) -> str | None:
        """The kept hash of a secret."""
        return await self._link.value("SELECT hash FROM secrets WHERE name = $1", name)

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
        """Notes who did what to what. Repeated after a lost connection it may be noted twice, never lost."""
        written = msgspec.json.encode(detail or {}).decode()
        await self._link.value(_AUDIT, actor, action, target, written, address, outcome)

    async def audit_log(self, limit: int = 100, before: int | None = None) -> list[AuditEntry]:
        """The newest entries, or the newest of those before one."""
        rows = await self._link.rows(_AUDIT_LOG, limit, before)
        return [AuditEntry(**{**dict(row), "detail": msgspec.json.decode(row["detail"])}) for row in rows]


def _job(row: Mapping[str, Any]) -> Job:
    return Job(**{**row, "arguments": msgspec.json.decode(row["arguments"])})

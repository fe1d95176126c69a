"""The quarantine's table: prices that were not believed, with the evidence, and what became of them."""

# ruff: noqa: S608 - put together from constants; every value travels as an argument

from collections.abc import Sequence

import asyncpg
import msgspec

from engine.market.quarantine import Fate, Quarantined
from engine.storage.durable.instruments import InstrumentNames
from engine.storage.durable.link import PostgresLink
from engine.storage.durable.times import MICROSECOND_NS, MICROSECONDS, MOMENT

RESTART = "restart"
"""Who decided what an engine left behind; who knows better decides anew."""

_NOTE = f"""
INSERT INTO quarantine AS old (instrument_id, kind, ts, price, reason, evidence, status, decided_by, decided_at)
SELECT instrument_id, kind, {MOMENT.format("ts_us")}, price, reason, evidence, status, decided_by,
    CASE status WHEN 'held' THEN NULL ELSE now() END
FROM unnest($1::int[], $2::text[], $3::bigint[], $4::float8[], $5::text[], $6::jsonb[], $7::text[], $8::text[])
    AS row(instrument_id, kind, ts_us, price, reason, evidence, status, decided_by)
ON CONFLICT (instrument_id, kind, ts, price) DO UPDATE
SET status = excluded.status, decided_by = excluded.decided_by, decided_at = excluded.decided_at
WHERE excluded.status <> 'held' AND (old.status = 'held' OR old.decided_by = '{RESTART}')
"""
_ENTRY = f"""
SELECT id, instrument_id, kind, {MICROSECONDS.format("ts")} AS ts_us, price, reason, evidence, status, decided_by,
    {MICROSECONDS.format("decided_at")} AS decided_us, {MICROSECONDS.format("created_at")} AS noted_us
FROM quarantine
"""
_ONE = f"{_ENTRY} WHERE id = $1"
_NEWEST = f"""{_ENTRY}
WHERE ($1::text IS NULL OR status = $1) AND ($2::int IS NULL OR instrument_id = $2) AND id < $3
ORDER BY id DESC LIMIT $4
"""
_DECIDE = """
UPDATE quarantine SET status = $2, decided_by = $3, decided_at = now() WHERE id = $1 AND status <> $2 RETURNING id
"""
_CLOSE_HELD = """
WITH closed AS (
    UPDATE quarantine SET status = 'discarded', decided_by = $1, decided_at = now() WHERE status = 'held' RETURNING 1
)
SELECT count(*) FROM closed
"""
NEWEST = 2**62
"""An id that is above all ids."""


class Quarantine:
    """Entries by number; the newest have the highest."""

    def __init__(self, link: PostgresLink, names: InstrumentNames) -> None:
        self._link = link
        self._names = names

    async def note_quarantined(self, entries: Sequence[Quarantined]) -> None:
        """Notes entries, or what became of those that were held; decided ones stay as they are. Safe to repeat.

        Instruments that no table knows are left out.
        """
        ids = await self._names.ids(entry.instrument for entry in entries)
        rows = [
            (
                ids[entry.instrument],
                entry.kind,
                entry.ts_ns // MICROSECOND_NS,
                entry.price,
                entry.reason,
                msgspec.json.encode(entry.evidence).decode(),
                entry.status.value,
                entry.decided_by,
            )
            for entry in newest_of_each(entries)
            if entry.instrument in ids
        ]
        if rows:
            await self._link.value(_NOTE, *zip(*rows, strict=True))

    async def quarantined(
        self, *, status: Fate | None = None, instrument: str | None = None, limit: int = 100, before_id: int = NEWEST
    ) -> list[Quarantined]:
        """The newest entries whose number is below ``before_id``: all, of one status, of one instrument."""
        identity = None
        if instrument is not None:
            identity = (await self._names.ids([instrument])).get(instrument, 0)
        found = await self._link.rows(_NEWEST, status and status.value, identity, before_id, limit)
        names = await self._names.names({row["instrument_id"] for row in found})
        return [_entry(row, names[row["instrument_id"]]) for row in found]

    async def quarantined_entry(self, identity: int) -> Quarantined | None:
        """One entry by its number."""
        rows = await self._link.rows(_ONE, identity)
        names = await self._names.names({row["instrument_id"] for row in rows})
        return next((_entry(row, names[row["instrument_id"]]) for row in rows), None)

    async def decide_quarantined(self, identity: int, status: Fate, decided_by: str) -> bool:
        """Sets an entry's status; false when it was that already, or there is no such entry."""
        return await self._link.value(_DECIDE, identity, status.value, decided_by) is not None

    async def close_quarantined(self, decided_by: str) -> int:
        """Discards all that is held, for an engine that begins; what it waited for is gone. How many those were."""
        return int(await self._link.value(_CLOSE_HELD, decided_by))


def newest_of_each(entries: Sequence[Quarantined]) -> Sequence[Quarantined]:
    """One statement can write a row only once: of entries with the same key the last one counts."""
    return list({entry.key: entry for entry in entries}.values())


def _entry(row: asyncpg.Record, instrument: str) -> Quarantined:
    return Quarantined(
        instrument=instrument,
        kind=row["kind"],
        ts_ns=row["ts_us"] * MICROSECOND_NS,
        price=row["price"],
        reason=row["reason"],
        evidence=msgspec.json.decode(row["evidence"]),
        status=Fate(row["status"]),
        decided_by=row["decided_by"],
        id=row["id"],
        decided_ns=(row["decided_us"] or 0) * MICROSECOND_NS,
        noted_ns=row["noted_us"] * MICROSECOND_NS,
    )

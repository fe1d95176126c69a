"""Conflicts between providers' lists and the tables: found while a list is written, kept until an operator has seen them."""

from collections.abc import Collection, Sequence
from datetime import date

from engine.storage.durable.link import Connection, PostgresLink
from engine.storage.durable.rows import MappingConflict

_HOLDERS = """
SELECT m.segment || ':' || m.provider_symbol AS token, e.code || ':' || i.symbol AS instrument
FROM unnest($2::text[], $3::text[]) AS asked(segment, provider_symbol)
JOIN providers p ON p.name = $1
JOIN provider_instrument_mapping m ON m.provider_id = p.id AND m.segment = asked.segment
    AND m.provider_symbol = asked.provider_symbol AND m.valid_to IS NULL AND m.is_active
JOIN instruments i ON i.id = m.instrument_id AND i.is_active AND (i.expiry IS NULL OR i.expiry >= $4)
JOIN exchanges e ON e.id = i.exchange_id
"""

_NOTE = """
INSERT INTO mapping_conflicts AS old (provider_id, kind, instrument, segment, provider_symbol, other, detail, day)
SELECT p.id, r.kind, r.instrument, r.segment, r.provider_symbol, r.other, r.detail, $8
FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
    AS r(kind, instrument, segment, provider_symbol, other, detail)
JOIN providers p ON p.name = $1
ON CONFLICT (provider_id, kind, instrument, segment, provider_symbol) DO UPDATE SET day = excluded.day,
    other = excluded.other, detail = excluded.detail, is_active = old.is_active OR old.detail <> excluded.detail,
    updated_at = now()
"""

_FORGET_MOVED = """
WITH moved AS (DELETE FROM mapping_conflicts c USING providers p
WHERE p.name = $1 AND c.provider_id = p.id AND c.kind = 'taken over' AND c.day = $2 AND EXISTS (
    SELECT FROM provider_instrument_mapping m JOIN instruments i ON i.id = m.instrument_id
        JOIN exchanges e ON e.id = i.exchange_id
    WHERE m.provider_id = p.id AND m.valid_to IS NULL AND e.code || ':' || i.symbol = c.other
) RETURNING 1)
SELECT count(*) FROM moved
"""


class MappingConflicts:
    """What lists and tables do not agree on."""

    def __init__(self, link: PostgresLink) -> None:
        self._link = link

    async def token_holders(self, provider: str, tokens: Collection[tuple[str, str]], day: date) -> dict[str, str]:
        """Which active, unexpired instruments have these tokens, segment and provider's symbol, now: by ``SEGMENT:ID``."""
        segments, symbols = [segment for segment, _ in tokens], [symbol for _, symbol in tokens]
        rows = await self._link.rows(_HOLDERS, provider, segments, symbols, day)
        return {row["token"]: row["instrument"] for row in rows}

    async def note_conflicts(self, provider: str, day: date, conflicts: Sequence[MappingConflict]) -> None:
        """Keeps them, each once. One that an operator has settled stays so until it is about something else."""
        rows = {(one.kind, one.instrument, one.segment, one.provider_symbol): one for one in conflicts}

        async def work(connection: Connection) -> None:
            found = rows.values()
            await connection.execute(
                _NOTE,
                provider,
                [one.kind for one in found],
                [one.instrument for one in found],
                [one.segment for one in found],
                [one.provider_symbol for one in found],
                [one.other for one in found],
                [one.detail for one in found],
                day,
            )

        if rows:
            await self._link.run(work)

    async def forget_moved(self, provider: str, day: date) -> int:
        """Forgets takeovers of that day whose former holder has another token now: they only changed places. How many."""
        return await self._link.value(_FORGET_MOVED, provider, day)

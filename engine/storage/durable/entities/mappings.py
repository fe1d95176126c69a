"""Mappings: under which segment and id a provider knows an instrument, from which day to which."""

from datetime import date, datetime

import msgspec

from engine.storage.durable.entities.errors import EntityClashError, EntityUnknownError
from engine.storage.durable.entities.table import EntityTable, Key, Page, Statements
from engine.storage.durable.link import Connection, PostgresLink


class MappingDraft(msgspec.Struct, frozen=True):
    """A mapping as it is written: it holds on the days from ``valid_from`` to before ``valid_to``."""

    instrument_id: int
    segment: str
    provider_symbol: str
    valid_from: date
    valid_to: date | None = None
    """``None``: until something else is known."""
    is_active: bool = True


class MappingEntity(MappingDraft, frozen=True, kw_only=True):
    """A mapping as it stands."""

    id: int
    provider_id: int
    instrument: str
    """``EXCHANGE:SYMBOL``."""
    created_at: datetime
    updated_at: datetime


class MappingFilter(msgspec.Struct, frozen=True):
    """Which mappings of a provider a list holds; what is ``None`` filters nothing."""

    instrument_id: int | None = None
    segment: str | None = None
    provider_symbol: str | None = None
    day: date | None = None
    """Those that hold on it."""
    include_inactive: bool = False


_SQL = Statements(
    table="provider_instrument_mapping",
    select="""
        SELECT own.*, e.code || ':' || i.symbol AS instrument
        FROM provider_instrument_mapping AS own JOIN instruments i ON i.id = own.instrument_id
        JOIN exchanges e ON e.id = i.exchange_id
    """,
    page="""
        WHERE own.provider_id = $2 AND ($3::int IS NULL OR own.instrument_id = $3)
            AND ($4::text IS NULL OR own.segment = $4) AND ($5::text IS NULL OR own.provider_symbol = $5)
            AND ($6::date IS NULL OR own.valid_from <= $6 AND (own.valid_to IS NULL OR own.valid_to > $6))
            AND ($7 OR own.is_active)
            AND ($8::text IS NULL OR (own.segment COLLATE "C", own.provider_symbol COLLATE "C", own.id) > ($8, $9, $10))
        ORDER BY own.segment COLLATE "C", own.provider_symbol COLLATE "C", own.id LIMIT $1
    """,
    insert="""
        INSERT INTO provider_instrument_mapping (provider_id, instrument_id, segment, provider_symbol, valid_from, valid_to,
            is_active)
        VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id
    """,
    update="""
        UPDATE provider_instrument_mapping SET provider_id = $2, instrument_id = $3, segment = $4, provider_symbol = $5,
            valid_from = $6, valid_to = $7, is_active = $8, updated_at = now()
        WHERE id = $1 AND provider_id = $2 RETURNING id
    """,
    noun="mapping",
    references={
        "provider_instrument_mapping_instrument_id_fkey": "instrument_id",
        "provider_instrument_mapping_provider_id_fkey": "provider_id",
    },
)

_LOCK = "SELECT id FROM providers WHERE id = $1 FOR UPDATE"
"""One change of a provider's mappings at a time: two that do not overlap what is there may overlap each other."""

_OVERLAPPING = f"""
{_SQL.select}
WHERE own.provider_id = $1 AND own.id IS DISTINCT FROM $2 AND daterange(own.valid_from, own.valid_to) && daterange($6, $7)
    AND (own.instrument_id = $3 OR (own.segment, own.provider_symbol) = ($4, $5))
ORDER BY own.id LIMIT 1
"""


class Mappings(EntityTable[MappingEntity]):
    """Sorted by segment, the provider's symbol, and age."""

    def __init__(self, link: PostgresLink) -> None:
        super().__init__(link, _SQL, MappingEntity)

    async def page(
        self, provider_id: int, limit: int, after: Key | None = None, wanted: MappingFilter | None = None
    ) -> Page[MappingEntity]:
        """A provider's first ones after a key, which is ``(segment, provider_symbol, id)``."""
        only = wanted or MappingFilter()
        filters = only.instrument_id, only.segment, only.provider_symbol, only.day, only.include_inactive
        key = ("segment", "provider_symbol", "id")
        return await self._page(limit, provider_id, *filters, *(after or (None, None, None)), key=key)

    async def add(self, provider_id: int, draft: MappingDraft) -> MappingEntity:
        """A new one.

        Raises EntityClashError when the instrument, or the id in its segment, is mapped on one of these days, also by an
        inactive mapping; EntityUnknownError without the provider or the instrument.
        """

        async def work(connection: Connection) -> MappingEntity:
            await _check(connection, provider_id, None, draft)
            row = await self._write(connection, self._sql.insert, provider_id, *_values(draft))
            assert row is not None
            return row

        return await self._link.run(work)

    async def change(self, provider_id: int, identity: int, draft: MappingDraft) -> MappingEntity | None:
        """Rewrites one of the provider's; ``None``: it has none of that number. Raises as ``add`` does."""

        async def work(connection: Connection) -> MappingEntity | None:
            await _check(connection, provider_id, identity, draft)
            return await self._write(connection, self._sql.update, identity, provider_id, *_values(draft))

        return await self._link.run(work)


async def _check(connection: Connection, provider_id: int, identity: int | None, draft: MappingDraft) -> None:
    if await connection.fetchval(_LOCK, provider_id) is None:
        raise EntityUnknownError(f"there is no provider {provider_id}", "provider_id")
    values = draft.instrument_id, draft.segment, draft.provider_symbol, draft.valid_from, draft.valid_to
    other = await connection.fetchrow(_OVERLAPPING, provider_id, identity, *values)
    if other is not None:
        until = f"to {other['valid_to']}" if other["valid_to"] else "on"
        token = f"{other['segment']}:{other['provider_symbol']}"
        raise EntityClashError(
            f"mapping {other['id']} has {token} for {other['instrument']} from {other['valid_from']} {until}"
        )


def _values(draft: MappingDraft) -> tuple[object, ...]:
    return (
        draft.instrument_id,
        draft.segment,
        draft.provider_symbol,
        draft.valid_from,
        draft.valid_to,
        draft.is_active,
    )

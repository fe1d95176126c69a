"""Exchanges: places of trade, with their time zone and hours."""

from datetime import datetime

from engine.storage.durable.entities.table import EntityTable, Key, Page, Statements
from engine.storage.durable.link import PostgresLink
from engine.storage.durable.rows import Exchange


class ExchangeDraft(Exchange, frozen=True):
    """An exchange as it is written."""

    is_active: bool = True
    """While it is not, none of its instruments is followed."""


class ExchangeEntity(ExchangeDraft, frozen=True, kw_only=True):
    """An exchange as it stands."""

    id: int
    created_at: datetime
    updated_at: datetime


_SQL = Statements(
    table="exchanges",
    select="SELECT own.* FROM exchanges AS own",
    page="""
        WHERE ($2 OR own.is_active) AND ($3::text IS NULL OR own.code COLLATE "C" > $3)
        ORDER BY own.code COLLATE "C" LIMIT $1
    """,
    insert="""
        INSERT INTO exchanges (code, name, timezone, country, currency, market_open_time, market_close_time, is_24_hours,
            is_active)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id
    """,
    update="""
        UPDATE exchanges SET code = $2, name = $3, timezone = $4, country = $5, currency = $6, market_open_time = $7,
            market_close_time = $8, is_24_hours = $9, is_active = $10, updated_at = now()
        WHERE id = $1 RETURNING id
    """,
    noun="exchange",
    clashes={"exchanges_code_key": "an exchange of that code is there already"},
)


class Exchanges(EntityTable[ExchangeEntity]):
    """Sorted by code."""

    def __init__(self, link: PostgresLink) -> None:
        super().__init__(link, _SQL, ExchangeEntity)

    async def page(
        self, limit: int, after: Key | None = None, *, include_inactive: bool = False
    ) -> Page[ExchangeEntity]:
        """The first ones after a code."""
        return await self._page(limit, include_inactive, *(after or (None,)), key=("code",))

    async def add(self, draft: ExchangeDraft) -> ExchangeEntity:
        """A new one. Raises EntityClashError when its code is taken."""
        return await self._insert(*_values(draft))

    async def change(self, identity: int, draft: ExchangeDraft) -> ExchangeEntity | None:
        """Rewrites one; ``None``: there is none. Raises EntityClashError when the code is taken."""
        return await self._update(identity, *_values(draft))


def _values(draft: ExchangeDraft) -> tuple[object, ...]:
    return (
        draft.code,
        draft.name,
        draft.timezone,
        draft.country,
        draft.currency,
        draft.market_open_time,
        draft.market_close_time,
        draft.is_24_hours,
        draft.is_active,
    )

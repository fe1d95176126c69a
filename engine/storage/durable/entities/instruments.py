"""Instruments as people look after them: found by what they are and what they are called, also the retired ones."""

from datetime import date, datetime

import msgspec

from engine.market.derivatives import place_of_contracts
from engine.market.instrument import InstrumentKind, OptionType
from engine.storage.durable.entities.table import EntityTable, Key, Page, Statements
from engine.storage.durable.link import PostgresLink


class InstrumentDraft(msgspec.Struct, frozen=True):
    """An instrument as it is written. Prices in the exchange's currency, quantities in units traded."""

    exchange_id: int
    symbol: str
    kind: InstrumentKind
    tick_size: float
    name: str = ""
    sector_id: int | None = None
    lot_size: int = 1
    expiry: date | None = None
    strike: float | None = None
    option_type: OptionType | None = None
    underlying: str | None = None
    """The symbol a derivative depends on, without exchange."""
    is_active: bool = True
    keep_ticks: bool = False
    """Whether all its ticks are kept, not only what they make of candles."""


class InstrumentEntity(InstrumentDraft, frozen=True, kw_only=True):
    """An instrument as it stands."""

    id: int
    exchange: str
    instrument: str
    """``EXCHANGE:SYMBOL``."""
    created_at: datetime
    updated_at: datetime


class InstrumentFilter(msgspec.Struct, frozen=True):
    """Which instruments a list holds; what is ``None`` filters nothing."""

    exchange_id: int | None = None
    kind: InstrumentKind | None = None
    underlying: str | None = None
    expiry: date | None = None
    sector_id: int | None = None
    q: str | None = None
    """A part of the symbol or of the name, in capitals: symbols that begin with it come first."""
    include_inactive: bool = False
    """Also those that were set inactive, or whose exchange was."""


_RANK = "CASE WHEN $7::text IS NULL OR starts_with(own.symbol, $7) THEN 0 ELSE 1 END"

_SQL = Statements(
    table="instruments",
    select="""
        SELECT own.*, e.code AS exchange, e.code || ':' || own.symbol AS instrument
        FROM instruments AS own JOIN exchanges e ON e.id = own.exchange_id
    """,
    page=f"""
        WHERE ($2::int IS NULL OR own.exchange_id = $2) AND ($3::text IS NULL OR own.kind = $3)
            AND ($4::text IS NULL OR own.underlying = $4) AND ($5::date IS NULL OR own.expiry = $5)
            AND ($6::int IS NULL OR own.sector_id = $6)
            AND ($7::text IS NULL OR strpos(own.symbol, $7) > 0 OR strpos(upper(own.name), $7) > 0)
            AND ($8 OR own.is_active AND e.is_active)
            AND ($9::int IS NULL OR ({_RANK}, e.code COLLATE "C", own.symbol COLLATE "C") > ($9, $10, $11))
        ORDER BY {_RANK}, e.code COLLATE "C", own.symbol COLLATE "C" LIMIT $1
    """,
    insert="""
        INSERT INTO instruments (exchange_id, symbol, kind, tick_size, name, sector_id, lot_size, expiry, strike, option_type,
            underlying, is_active, keep_ticks)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING id
    """,
    update="""
        UPDATE instruments SET exchange_id = $2, symbol = $3, kind = $4, tick_size = $5, name = $6, sector_id = $7,
            lot_size = $8, expiry = $9, strike = $10, option_type = $11, underlying = $12, is_active = $13, keep_ticks = $14,
            updated_at = now()
        WHERE id = $1 RETURNING id
    """,
    noun="instrument",
    clashes={"instruments_exchange_id_symbol_key": "the exchange lists an instrument of that symbol already"},
    references={"instruments_exchange_id_fkey": "exchange_id", "instruments_sector_id_fkey": "sector_id"},
)

_OPTION_EXPIRIES = """
SELECT i.expiry, count(DISTINCT i.strike) AS strikes FROM instruments i JOIN exchanges e ON e.id = i.exchange_id
WHERE i.kind = 'option' AND e.code = $1 AND i.underlying = $2 AND i.expiry >= $3
    AND (i.is_active AND e.is_active OR i.expiry < CURRENT_DATE)
GROUP BY i.expiry ORDER BY i.expiry
"""


class Instruments(EntityTable[InstrumentEntity]):
    """Sorted by exchange and symbol; while one is looked for, those whose symbol begins so come first."""

    def __init__(self, link: PostgresLink) -> None:
        super().__init__(link, _SQL, InstrumentEntity)

    async def page(
        self, limit: int, after: Key | None = None, wanted: InstrumentFilter | None = None
    ) -> Page[InstrumentEntity]:
        """The first ones after a key, which is ``(rank, exchange, symbol)``."""
        only = wanted or InstrumentFilter()
        filters = only.exchange_id, only.kind and only.kind.value, only.underlying, only.expiry, only.sector_id, only.q
        page = await self._page(limit, *filters, only.include_inactive, *(after or (None, None, None)), key=("id",))
        return Page(page.rows, page.after and _key(page.rows[-1], only))

    async def add(self, draft: InstrumentDraft) -> InstrumentEntity:
        """A new one. Raises EntityClashError when it is listed already, EntityUnknownError without its exchange or sector."""
        return await self._insert(*_values(draft))

    async def change(self, identity: int, draft: InstrumentDraft) -> InstrumentEntity | None:
        """Rewrites one; ``None``: there is none. Raises as ``add`` does."""
        return await self._update(identity, *_values(draft))

    async def option_expiries(self, underlying: str, day: date) -> list[tuple[date, int]]:
        """When options on ``EXCHANGE:SYMBOL`` expire, from that day on, the nearest first; each with its strikes' number.

        Those that are over count though they were retired, for whoever reads the past.
        """
        rows = await self._link.rows(_OPTION_EXPIRIES, *place_of_contracts(underlying), day)
        return [(row["expiry"], row["strikes"]) for row in rows]


def _key(row: InstrumentEntity, only: InstrumentFilter) -> Key:
    return int(not row.symbol.startswith(only.q or "")), row.exchange, row.symbol


def _values(draft: InstrumentDraft) -> tuple[object, ...]:
    return (
        draft.exchange_id,
        draft.symbol,
        draft.kind.value,
        draft.tick_size,
        draft.name,
        draft.sector_id,
        draft.lot_size,
        draft.expiry,
        draft.strike,
        draft.option_type and draft.option_type.value,
        draft.underlying,
        draft.is_active,
        draft.keep_ticks,
    )

"""Instruments, where they trade, and under which names providers know them."""

# ruff: noqa: S608 - put together from constants; every value travels as an argument

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from zoneinfo import ZoneInfo

import asyncpg

from engine.market.derivatives import place_of_contracts
from engine.market.instrument import Instrument, InstrumentKind, OptionType
from engine.storage.durable.link import Connection, PostgresLink
from engine.storage.durable.rows import Exchange, MappedInstrument, NameInTime, ProviderMapping
from engine.storage.errors import DurableStoreError

_ROWS_A_STATEMENT = 10_000

_IDS = """
SELECT i.id, e.code || ':' || i.symbol AS canonical, e.code, e.timezone, i.is_active AND e.is_active AS is_active
FROM instruments i JOIN exchanges e ON e.id = i.exchange_id
"""

_IDS_OF = """
SELECT found.* FROM unnest($1::text[], $2::text[]) AS asked(code, symbol) CROSS JOIN LATERAL (
    SELECT i.id, e.code || ':' || i.symbol AS canonical, i.is_active AND e.is_active AS is_active
    FROM exchanges e JOIN instruments i ON i.exchange_id = e.id
    WHERE e.code = asked.code AND i.symbol = asked.symbol
    OFFSET 0
) AS found
"""
"""Of some names only: a list is seeded in a hundred batches, and each would read the whole table.

``OFFSET 0`` keeps it a look-up by name: a planner without statistics, as after a first filling, compares all with all.
"""

_TABLES = ("exchanges", "instruments", "providers", "provider_instrument_mapping")
_STAMP = "SELECT concat_ws('/', {})".format(
    ", ".join(f"(SELECT concat(count(*), ' ', sum(extract(epoch FROM updated_at))) FROM {table})" for table in _TABLES)
)
"""The sum, not the newest: of two changes at once the later one may be the first to be seen."""

_RETIRE_EXPIRED = """
WITH retired AS (
    UPDATE instruments SET is_active = false, updated_at = now() WHERE expiry < $1 AND is_active RETURNING 1
)
SELECT count(*) FROM retired
"""

_FOLLOWED = """
SELECT DISTINCT underlying FROM instruments
WHERE underlying IS NOT NULL AND (is_active OR expiry >= $1::date - 14) ORDER BY underlying
"""
"""Also of those whose contracts have all just expired: the next ones may be listed later."""

_DESCRIBED = """
SELECT i.id, e.code AS exchange, i.symbol, i.name, i.kind, i.tick_size, i.lot_size, i.expiry, i.strike, i.option_type, i.underlying
FROM instruments i JOIN exchanges e ON e.id = i.exchange_id
"""
_LISTED = f"{_DESCRIBED} WHERE i.is_active AND e.is_active"
_NAMED = f"""
{_DESCRIBED} JOIN unnest($1::text[], $2::text[]) AS asked(code, symbol) ON asked.code = e.code AND asked.symbol = i.symbol
"""
_INSTRUMENTS = f"{_LISTED} ORDER BY e.code, i.symbol"
_CONTRACTS = f"""
{_LISTED} AND i.underlying = ANY($2::text[]) AND i.expiry >= $3
    AND (e.code, i.underlying) IN (SELECT * FROM unnest($1::text[], $2::text[]))
ORDER BY i.expiry, i.symbol
"""
_INSTRUMENT = f"{_LISTED} AND e.code = $1 AND i.symbol = $2"
_FOUND = f"""{_LISTED}
    AND (strpos(i.symbol, $1) > 0 OR strpos(upper(i.name), $1) > 0) AND ($2 = '' OR e.code = $2) AND ($3 = '' OR i.kind = $3)
ORDER BY i.symbol <> $1, NOT starts_with(i.symbol, $1), length(i.symbol), i.symbol, e.code LIMIT $4
"""

_MAPPED = """
SELECT e.code || ':' || i.symbol AS instrument, m.segment, m.provider_symbol, i.tick_size, i.kind,
    coalesce(x.priority, 1) AS priority
FROM provider_instrument_mapping m
JOIN providers p ON p.id = m.provider_id
JOIN instruments i ON i.id = m.instrument_id
JOIN exchanges e ON e.id = i.exchange_id
LEFT JOIN exchange_provider_mapping x ON x.exchange_id = e.id AND x.provider_id = p.id
CROSS JOIN (SELECT coalesce($2::date, current_date) AS today) AS asked
WHERE p.name = $1 AND m.valid_from <= today AND (m.valid_to IS NULL OR m.valid_to > today)
    AND m.is_active AND p.is_active AND i.is_active AND e.is_active AND coalesce(x.is_active, true)
    AND (i.expiry IS NULL OR i.expiry >= today)
ORDER BY instrument
"""

_CHANGED_NAMES = """
WITH named AS (
    SELECT m.*, count(*) OVER (PARTITION BY m.instrument_id) AS names, lag(m.instrument_id) OVER token AS holder,
        lag(m.valid_to) OVER token AS until
    FROM provider_instrument_mapping m JOIN providers p ON p.id = m.provider_id
    WHERE p.name = $1 AND m.is_active AND (m.valid_to IS NULL OR m.valid_to > m.valid_from)
    WINDOW token AS (PARTITION BY m.segment, m.provider_symbol ORDER BY m.valid_from)
)
SELECT e.code || ':' || i.symbol AS instrument, e.timezone, n.segment, n.provider_symbol, n.valid_from, n.valid_to,
    CASE WHEN n.holder <> n.instrument_id THEN n.until END AS held_until
FROM named n JOIN instruments i ON i.id = n.instrument_id JOIN exchanges e ON e.id = i.exchange_id
WHERE i.is_active AND (n.names > 1 OR n.holder <> n.instrument_id OR n.valid_to IS NOT NULL)
ORDER BY instrument, n.valid_from
"""
"""Of hundreds of thousands of mappings mostly a few: who has had one name, which was nobody else's, is not among them."""

_EXCHANGES = """
SELECT code, name, timezone, country, currency, market_open_time, market_close_time, is_24_hours
FROM exchanges WHERE is_active OR $1 ORDER BY code
"""

_SEED_EXCHANGES = """
INSERT INTO exchanges AS old (code, name, timezone, country, currency, market_open_time, market_close_time, is_24_hours)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::time[], $7::time[], $8::bool[])
ON CONFLICT (code) DO UPDATE SET name = excluded.name, timezone = excluded.timezone, country = excluded.country,
    currency = excluded.currency, market_open_time = excluded.market_open_time,
    market_close_time = excluded.market_close_time, is_24_hours = excluded.is_24_hours, updated_at = now()
"""

_SEED_INSTRUMENTS = """
INSERT INTO instruments AS old (exchange_id, symbol, name, kind, tick_size, lot_size, expiry, strike, option_type, underlying)
SELECT e.id, r.symbol, r.name, r.kind, r.tick_size, r.lot_size, r.expiry, r.strike, r.option_type, r.underlying
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::float8[], $6::int[], $7::date[], $8::float8[], $9::text[],
    $10::text[]) AS r(exchange, symbol, name, kind, tick_size, lot_size, expiry, strike, option_type, underlying)
JOIN exchanges e ON e.code = r.exchange
ON CONFLICT (exchange_id, symbol) DO UPDATE SET name = excluded.name, kind = excluded.kind, tick_size = excluded.tick_size,
    lot_size = excluded.lot_size, expiry = excluded.expiry, strike = excluded.strike, option_type = excluded.option_type,
    underlying = excluded.underlying, updated_at = now()
WHERE (old.name, old.kind, old.tick_size, old.lot_size, old.expiry, old.strike, old.option_type, old.underlying)
    IS DISTINCT FROM (excluded.name, excluded.kind, excluded.tick_size, excluded.lot_size, excluded.expiry, excluded.strike,
    excluded.option_type, excluded.underlying)
"""

_SEED_PROVIDERS = "INSERT INTO providers (name) SELECT * FROM unnest($1::text[]) ON CONFLICT (name) DO NOTHING"

_SEED_PRIORITIES = """
INSERT INTO exchange_provider_mapping (exchange_id, provider_id)
SELECT DISTINCT i.exchange_id, p.id
FROM unnest($1::text[], $2::int[]) AS mapped(provider, instrument_id)
JOIN providers p ON p.name = mapped.provider JOIN instruments i ON i.id = mapped.instrument_id
ON CONFLICT DO NOTHING
"""

_WANTED = """
WITH wanted AS MATERIALIZED (
    SELECT p.id AS provider_id, r.instrument_id, r.segment, r.provider_symbol, r.valid_from
    FROM unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::date[])
        AS r(provider, instrument_id, segment, provider_symbol, valid_from)
    JOIN providers p ON p.name = r.provider
)
"""

# The token went to another instrument, or the instrument to another token: what was true until then ends.
_END_TOKENS = f"""
{_WANTED}
UPDATE provider_instrument_mapping AS old SET valid_to = greatest(old.valid_from, wanted.valid_from), updated_at = now()
FROM wanted
WHERE old.valid_to IS NULL AND old.provider_id = wanted.provider_id AND old.segment = wanted.segment
    AND old.provider_symbol = wanted.provider_symbol AND old.instrument_id <> wanted.instrument_id
"""
_END_INSTRUMENTS = f"""
{_WANTED}
UPDATE provider_instrument_mapping AS old SET valid_to = greatest(old.valid_from, wanted.valid_from), updated_at = now()
FROM wanted
WHERE old.valid_to IS NULL AND old.provider_id = wanted.provider_id AND old.instrument_id = wanted.instrument_id
    AND (old.segment, old.provider_symbol) <> (wanted.segment, wanted.provider_symbol)
"""
_BEGIN_MAPPINGS = f"""
{_WANTED}
INSERT INTO provider_instrument_mapping (provider_id, instrument_id, segment, provider_symbol, valid_from)
SELECT provider_id, instrument_id, segment, provider_symbol, valid_from FROM wanted
ON CONFLICT (provider_id, instrument_id) WHERE valid_to IS NULL DO NOTHING
"""


class InstrumentNames:
    """Canonical names ↔ the tables' ids; asks again only for what it does not know yet."""

    def __init__(self, link: PostgresLink) -> None:
        self._link = link
        self._ids: dict[str, int] = {}
        self._zones: dict[str, ZoneInfo] = {}

    async def ids(self, instruments: Iterable[str]) -> dict[str, int]:
        """The ids of those instruments that exist."""
        wanted = set(instruments)
        if not wanted <= self._ids.keys():
            await self._load()
        return {instrument: self._ids[instrument] for instrument in wanted & self._ids.keys()}

    async def names(self, ids: set[int]) -> Mapping[int, str]:
        """The names of ids that exist."""
        if not ids <= set(self._ids.values()):
            await self._load()
        return {identity: name for name, identity in self._ids.items() if identity in ids}

    def zone(self, instrument: str) -> ZoneInfo:
        """The time zone of the exchange of an instrument whose id is known."""
        return self._zones[instrument.partition(":")[0]]

    def forget(self) -> None:
        """What is known is read anew when it is asked for next."""
        self._ids = {}

    async def _load(self) -> None:
        rows = await self._link.rows(_IDS)
        self._ids = {row["canonical"]: row["id"] for row in rows}
        self._zones = {code: ZoneInfo(zone) for code, zone in {(row["code"], row["timezone"]) for row in rows}}


class InstrumentMaster:
    """The tables of what can be traded; seeding them is safe to repeat."""

    def __init__(self, link: PostgresLink, names: InstrumentNames) -> None:
        self._link = link
        self._names = names

    async def instruments(self) -> list[Instrument]:
        """All active instruments, by name."""
        return [_instrument_of(row) for row in await self._link.rows(_INSTRUMENTS)]

    async def instrument(self, canonical: str) -> Instrument | None:
        """The active instrument of that name."""
        exchange, _, symbol = canonical.partition(":")
        rows = await self._link.rows(_INSTRUMENT, exchange, symbol)
        return _instrument_of(rows[0]) if rows else None

    async def find_instruments(self, text: str, limit: int, *, exchange: str = "", kind: str = "") -> list[Instrument]:
        """Active instruments whose symbol or name has this text in it, in capitals; the likeliest first."""
        return [_instrument_of(row) for row in await self._link.rows(_FOUND, text, exchange, kind, limit)]

    async def exchanges(self, *, include_inactive: bool = False) -> list[Exchange]:
        """All active exchanges, or all that ever were, by code."""
        return [Exchange(**dict(row)) for row in await self._link.rows(_EXCHANGES, include_inactive)]

    async def instrument_names(self) -> list[str]:
        """The canonical names of all active instruments, sorted."""
        return sorted(row["canonical"] for row in await self._link.rows(_IDS) if row["is_active"])

    async def all_instrument_names(self) -> list[str]:
        """The canonical names of all instruments that ever were, sorted: the inactive have their history."""
        return sorted(row["canonical"] for row in await self._link.rows(_IDS))

    async def stamp(self) -> str:
        """Another one whenever an exchange, instrument, provider or mapping was added, changed or removed.

        It is cheap here and there: who only asks whether to read 200,000 names again does not read them.
        """
        return await self._link.value(_STAMP)

    async def listed(self, instruments: Collection[str]) -> set[str]:
        """Those of these canonical names that are known and active."""
        return {row["canonical"] for row in await self._link.rows(_IDS_OF, *_parted(instruments)) if row["is_active"]}

    async def named_instruments(self, instruments: Collection[str]) -> dict[str, Instrument]:
        """Those of these canonical names that are known, the inactive ones too, by name."""
        found = [_instrument_of(row) for row in await self._link.rows(_NAMED, *_parted(instruments))]
        return {one.canonical: one for one in found}

    async def contracts(self, underlyings: Collection[str], day: date) -> dict[str, list[Instrument]]:
        """The active futures and options on instruments that expire on that day or later, the next ones first, by underlying."""
        places = {name: place_of_contracts(name) for name in underlyings}
        exchanges, symbols = [code for code, _ in places.values()], [symbol for _, symbol in places.values()]
        found: defaultdict[tuple[str, str | None], list[Instrument]] = defaultdict(list)
        for instrument in map(_instrument_of, await self._link.rows(_CONTRACTS, exchanges, symbols, day)):
            found[instrument.exchange, instrument.underlying].append(instrument)
        return {name: found[place] for name, place in places.items()}

    async def followed_underlyings(self, day: date) -> list[str]:
        """The symbols that active contracts, and those that expired in the two weeks before that day, depend on."""
        return [row["underlying"] for row in await self._link.rows(_FOLLOWED, day)]

    async def retire_expired(self, day: date) -> int:
        """Sets those inactive that expired before that day; how many they are. Their history stays."""
        return await self._link.value(_RETIRE_EXPIRED, day)

    async def routes(self, provider: str, day: date | None = None) -> list[MappedInstrument]:
        """The active, unexpired instruments that a provider maps on that day; without one, today (UTC)."""
        return [MappedInstrument(**dict(row)) for row in await self._link.rows(_MAPPED, provider, day)]

    async def changed_names(self, provider: str) -> list[NameInTime]:
        """A provider's names of active instruments that had others, that are over, or that meant others; by instrument and time."""
        return [NameInTime(**dict(row)) for row in await self._link.rows(_CHANGED_NAMES, provider)]

    async def seed(
        self, exchanges: Sequence[Exchange], instruments: Sequence[Instrument], mappings: Sequence[ProviderMapping]
    ) -> None:
        """Adds what is new and updates what changed, all of it or nothing. Instruments' ``id`` is ignored.

        What is inactive stays so: whoever set it so knew why.
        """

        async def work(connection: Connection) -> None:
            await _fill(connection, _SEED_EXCHANGES, [_exchange_row(exchange) for exchange in exchanges])
            await _check_exchanges(connection, instruments)
            listed = {instrument.canonical: _instrument_row(instrument) for instrument in instruments}
            await _fill(connection, _SEED_INSTRUMENTS, list(listed.values()))
            await _seed_mappings(connection, mappings)

        await self._link.run(work)


def _instrument_of(row: asyncpg.Record) -> Instrument:
    return Instrument(
        id=row["id"],
        exchange=row["exchange"],
        symbol=row["symbol"],
        name=row["name"],
        kind=InstrumentKind(row["kind"]),
        tick_size=row["tick_size"],
        lot_size=row["lot_size"],
        expiry=row["expiry"],
        strike=row["strike"],
        option_type=OptionType(row["option_type"]) if row["option_type"] else None,
        underlying=row["underlying"],
    )


async def _seed_mappings(connection: Connection, mappings: Sequence[ProviderMapping]) -> None:
    await connection.execute(_SEED_PROVIDERS, sorted({mapping.provider for mapping in mappings}))
    names = {mapping.instrument for mapping in mappings}
    ids: dict[str, int] = {row["canonical"]: row["id"] for row in await connection.fetch(_IDS_OF, *_parted(names))}
    unknown = names - ids.keys()
    if unknown:
        raise DurableStoreError(f"Mapped instruments that do not exist: {_some(unknown)}.")
    rows = {
        (mapping.provider, mapping.instrument): (
            mapping.provider,
            ids[mapping.instrument],
            mapping.segment,
            mapping.provider_symbol,
            mapping.valid_from,
        )
        for mapping in mappings
    }
    for statement in (_END_TOKENS, _END_INSTRUMENTS, _BEGIN_MAPPINGS):
        await _fill(connection, statement, list(rows.values()))
    await _fill(connection, _SEED_PRIORITIES, [row[:2] for row in rows.values()])


async def _check_exchanges(connection: Connection, instruments: Sequence[Instrument]) -> None:
    known = {row["code"] for row in await connection.fetch("SELECT code FROM exchanges")}
    unknown = {instrument.exchange for instrument in instruments} - known
    if unknown:
        raise DurableStoreError(f"Instruments of exchanges that do not exist: {_some(unknown)}.")


async def _fill(connection: Connection, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
    for start in range(0, len(rows), _ROWS_A_STATEMENT):
        await connection.execute(statement, *zip(*rows[start : start + _ROWS_A_STATEMENT], strict=True))


def _exchange_row(exchange: Exchange) -> tuple[object, ...]:
    return (
        exchange.code,
        exchange.name,
        exchange.timezone,
        exchange.country,
        exchange.currency,
        exchange.market_open_time,
        exchange.market_close_time,
        exchange.is_24_hours,
    )


def _instrument_row(instrument: Instrument) -> tuple[object, ...]:
    return (
        instrument.exchange,
        instrument.symbol,
        instrument.name,
        instrument.kind.value,
        instrument.tick_size,
        instrument.lot_size,
        instrument.expiry,
        instrument.strike,
        instrument.option_type.value if instrument.option_type else None,
        instrument.underlying,
    )


def _parted(names: Collection[str]) -> tuple[list[str], list[str]]:
    """The exchanges and the symbols of canonical names, side by side."""
    parts = [name.partition(":") for name in names]
    return [code for code, _, _ in parts], [symbol for _, _, symbol in parts]


def _some(names: Iterable[str]) -> str:
    first = sorted(names)
    return ", ".join(first[:5]) + (f" and {len(first) - 5} more" if len(first) > 5 else "")

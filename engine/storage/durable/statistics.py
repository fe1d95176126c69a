"""The statistics of days: the columns they are worked out of, and their table."""

# ruff: noqa: S608 - put together from constants; every value travels as an argument

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import asyncpg
import msgspec

from engine.market.day_report import SPLIT_DOUBT_PERCENT, ReportRow
from engine.market.delivery import Reported
from engine.market.statistics import Days, DayStatistics, Minutes
from engine.storage.durable.instruments import InstrumentNames
from engine.storage.durable.link import PostgresLink
from engine.storage.durable.times import MICROSECOND_NS, MICROSECONDS, ceiling

PORTION = 2_000
"""Rows of a day that are read at a time."""

_DAYS = """
SELECT instrument_id, array_agg(date ORDER BY date) AS dates, array_agg(high ORDER BY date) AS highs,
    array_agg(low ORDER BY date) AS lows, array_agg(close ORDER BY date) AS closes,
    array_agg(volume ORDER BY date) AS volumes, array_agg(oi ORDER BY date) AS open_interest
FROM price_history_daily
WHERE instrument_id = ANY($1::int[]) AND date BETWEEN $2 AND $3 AND state <> 'forming'
    AND NOT resolve_required AND 'NaN' NOT IN (open, high, low, close)
GROUP BY instrument_id
"""

_CHANGED = f"""
SELECT a.instrument_id, max(a.updated_at) AS updated_at, min(a.ex_date) AS ex_date FROM corporate_actions a
LEFT JOIN checkpoints c ON c.name = 'actions_in_figures:' || a.instrument_id
WHERE a.instrument_id = ANY($1::int[]) AND a.ratio IS NOT NULL AND a.updated_at > now() - interval '30 days'
    AND (c.position_ns IS NULL OR {MICROSECONDS.format("a.updated_at")} > c.position_ns / {MICROSECOND_NS})
GROUP BY a.instrument_id
"""
"""Splits and bonuses that were entered, corrected or taken back since figures were last made anew of them."""

_STALE = f"""
SELECT instrument_id, min(date) AS date FROM (
    SELECT d.instrument_id, d.date FROM price_history_daily d
    LEFT JOIN market_statistics s ON (s.instrument_id, s.date) = (d.instrument_id, d.date)
    WHERE d.instrument_id = ANY($1::int[]) AND d.date BETWEEN $2 AND $3 AND d.state <> 'forming'
        AND NOT d.resolve_required AND 'NaN' NOT IN (d.open, d.high, d.low, d.close)
        AND (s.close, s.volume) IS DISTINCT FROM (d.close, d.volume)
        AND d.date > (SELECT min(f.date) FROM market_statistics f WHERE f.instrument_id = d.instrument_id)
    UNION ALL
    SELECT s.instrument_id, s.date FROM market_statistics s
    JOIN ({_CHANGED}) AS changed ON changed.instrument_id = s.instrument_id AND changed.ex_date <= s.date
    WHERE s.date BETWEEN $2 AND $3
    UNION ALL
    SELECT s.instrument_id, s.date FROM market_statistics s
    JOIN corporate_actions a ON a.instrument_id = s.instrument_id AND a.is_active AND a.ratio IS NOT NULL AND a.ex_date = s.date
    WHERE s.instrument_id = ANY($1::int[]) AND s.date BETWEEN $2 AND $3 AND abs(s.return_1d) > $4
) AS stale GROUP BY instrument_id
"""

_NOTE_CHANGED = f"""
INSERT INTO checkpoints AS old (name, position_ns)
SELECT 'actions_in_figures:' || told.id, {MICROSECONDS.format("told.updated_at")} * {MICROSECOND_NS}
FROM unnest($1::int[], $2::timestamptz[]) AS told(id, updated_at)
WHERE NOT EXISTS (SELECT FROM market_statistics s WHERE s.instrument_id = told.id AND s.date > $3)
ON CONFLICT (name) DO UPDATE SET position_ns = greatest(old.position_ns, excluded.position_ns), updated_at = now()
"""

_MINUTES = """
SELECT instrument_id, array_agg(high ORDER BY ts) AS highs, array_agg(low ORDER BY ts) AS lows,
    array_agg(close ORDER BY ts) AS closes, array_agg(volume ORDER BY ts) AS volumes,
    bool_or(source LIKE '%/ticks') AS ticks
FROM price_history_intraday
WHERE instrument_id = ANY($1::int[]) AND timeframe = '1m' AND ts >= $2 AND ts < $3 AND state <> 'forming'
    AND 'NaN' NOT IN (open, high, low, close)
GROUP BY instrument_id
"""

_FIGURES = {
    "close": "float8",
    "volume": "bigint",
    "return_1d": "float8",
    "return_5d": "float8",
    "return_21d": "float8",
    "return_252d": "float8",
    "realised_volatility": "float8",
    "atr": "float8",
    "high_52w": "float8",
    "low_52w": "float8",
    "volume_average": "float8",
    "relative_volume": "float8",
    "vwap": "float8",
    "point_of_control": "float8",
    "value_area_low": "float8",
    "value_area_high": "float8",
    "oi": "bigint",
    "oi_change": "bigint",
    "minutes": "int",
    "minutes_expected": "int",
}
_WRITTEN = ("profile", "reasons")
"""As JSON."""
_COLUMNS = (*_FIGURES, *_WRITTEN)
_ARRAYS = ", ".join(
    f"${number}::{kind}[]" for number, kind in enumerate((*_FIGURES.values(), "jsonb", "jsonb"), start=3)
)

_SAVE = f"""
INSERT INTO market_statistics (instrument_id, date, {", ".join(_COLUMNS)})
SELECT * FROM unnest($1::int[], $2::date[], {_ARRAYS})
ON CONFLICT (instrument_id, date) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS)}
"""

_TOLD = f"e.code || ':' || i.symbol AS instrument, s.date, {', '.join(f's.{name}' for name in _COLUMNS)}"
_FROM = "market_statistics s JOIN instruments i ON i.id = s.instrument_id JOIN exchanges e ON e.id = i.exchange_id"

_OF_INSTRUMENT = f"""
SELECT {_TOLD} FROM {_FROM} WHERE s.instrument_id = $1 AND s.date BETWEEN $2 AND $3 ORDER BY s.date DESC LIMIT $4
"""

_OF_DAY = f"""
SELECT e.code || ':' || i.symbol AS instrument, s.date, {", ".join(f"s.{name}" for name in _FIGURES)}, d.high, d.low, d.delivery_percentage, d.source,
    CASE WHEN i.kind = 'equity' AND abs(s.return_1d) > $4 THEN NOT EXISTS (
        SELECT FROM corporate_actions a WHERE a.instrument_id = s.instrument_id AND a.is_active AND a.ratio IS NOT NULL
            AND a.ex_date <= s.date AND a.ex_date > (
                SELECT max(b.date) FROM price_history_daily b WHERE b.instrument_id = s.instrument_id AND b.date < s.date
            )
    ) ELSE false END AS is_doubtful
FROM {_FROM}
JOIN price_history_daily d ON (d.instrument_id, d.date) = (s.instrument_id, s.date)
WHERE e.code = $1 AND i.kind = $2 AND s.date = $3 AND i.symbol > $5 ORDER BY i.symbol LIMIT $6
"""

_DAYS_TOLD = f"""
SELECT s.date, e.code AS exchange, i.kind, count(*) AS instruments FROM {_FROM}
WHERE s.date BETWEEN $1 AND $2 GROUP BY s.date, e.code, i.kind ORDER BY s.date DESC, e.code, i.kind
"""

_NOTE_REPORTED = """
WITH told AS (
    SELECT i.id, r.percentage, r.previous_close FROM unnest($3::text[], $4::float8[], $5::float8[])
        AS r(symbol, percentage, previous_close)
    JOIN exchanges e ON e.code = $1 JOIN instruments i ON i.exchange_id = e.id AND i.symbol = r.symbol
), written AS (
    UPDATE price_history_daily d SET delivery_percentage = coalesce(told.percentage, d.delivery_percentage),
        previous_close = coalesce(told.previous_close, d.previous_close)
    FROM told WHERE d.instrument_id = told.id AND d.date = $2
    RETURNING 1
)
SELECT count(*) FROM written
"""

_IS_REPORTED = """
SELECT EXISTS (
    SELECT FROM exchanges e JOIN instruments i ON i.exchange_id = e.id JOIN price_history_daily d ON d.instrument_id = i.id
    WHERE e.code = $1 AND d.date = $2 AND d.delivery_percentage IS NOT NULL
)
"""

_NOTE_ADJUSTED = """
WITH told AS (SELECT * FROM unnest($2::date[], $3::float8[]) AS r(date, adj_close)), written AS (
    UPDATE price_history_daily d SET adj_close = told.adj_close FROM told
    WHERE d.instrument_id = $1 AND d.date = told.date AND d.adj_close IS DISTINCT FROM told.adj_close
    RETURNING 1
)
SELECT count(*) FROM written
"""

_FORGET_ADJUSTED = """
WITH written AS (
    UPDATE price_history_daily d SET adj_close = NULL
    FROM (
        SELECT instrument_id FROM corporate_actions WHERE instrument_id = ANY($1::int[])
        GROUP BY instrument_id HAVING NOT bool_or(is_active)
    ) AS taken_back
    WHERE d.instrument_id = taken_back.instrument_id AND d.adj_close IS NOT NULL
    RETURNING 1
)
SELECT count(*) FROM written
"""


class DayTold(msgspec.Struct, frozen=True):
    """A day of which statistics are kept, of one exchange's instruments of one kind."""

    date: date
    exchange: str
    kind: str
    instruments: int


class MarketStatistics:
    """What was worked out of each instrument's days."""

    def __init__(self, link: PostgresLink, names: InstrumentNames) -> None:
        self._link = link
        self._names = names

    async def days(self, instruments: Sequence[str], first: date, last: date) -> dict[str, Days]:
        """The closed days of [first, last] as columns; who has none is left out."""
        names = await self._identified(instruments)
        rows = await self._link.rows(_DAYS, list(names), first, last)
        return {names[identity]: Days(*columns) for identity, *columns in rows}

    async def stale_since(self, instruments: Sequence[str], first: date, last: date) -> dict[str, date]:
        """Of each instrument the first day of [first, last] that came, or is another one, since figures were made of it; or
        that seemed to be a split of which nobody knew, and now somebody does; or that is after the ex-date of one that
        changed.

        Days before an instrument's first figures do not count; who has no such day is left out.
        """
        names = await self._identified(instruments)
        rows = await self._link.rows(_STALE, list(names), first, last, SPLIT_DOUBT_PERCENT)
        return {names[row["instrument_id"]]: row["date"] for row in rows}

    async def changed_actions(self, instruments: Sequence[str]) -> dict[str, datetime]:
        """Whose splits and bonuses changed in the last 30 days, when, and figures do not know of it yet."""
        names = await self._identified(instruments)
        rows = await self._link.rows(_CHANGED, list(names))
        return {names[row["instrument_id"]]: row["updated_at"] for row in rows}

    async def note_actions(self, changed: Mapping[str, datetime], last: date) -> None:
        """Figures up to ``last`` know of those changes; it counts where there are no later ones. Safe to repeat."""
        ids = await self._names.ids(changed)
        await self._link.value(_NOTE_CHANGED, list(ids.values()), [changed[name] for name in ids], last)

    async def minutes(self, instruments: Sequence[str], start_ns: int, end_ns: int) -> dict[str, Minutes]:
        """The closed minutes that open in [start, end) as columns; who has none is left out."""
        names = await self._identified(instruments)
        rows = await self._link.rows(_MINUTES, list(names), ceiling(start_ns), ceiling(end_ns))
        return {names[identity]: Minutes(*columns) for identity, *columns in rows}

    async def save(self, statistics: Sequence[DayStatistics]) -> None:
        """Keeps them; what was kept of the same day gives way. Safe to repeat."""
        ids = await self._names.ids(one.instrument for one in statistics)
        rows = [_row(one, ids[one.instrument]) for one in statistics if one.instrument in ids]
        if rows:
            await self._link.value(_SAVE, *zip(*rows, strict=True))

    async def of_instrument(self, instrument: str, first: date, last: date, limit: int) -> list[DayStatistics]:
        """The newest of [first, last], the newest first."""
        ids = await self._names.ids([instrument])
        rows = await self._link.rows(_OF_INSTRUMENT, ids.get(instrument), first, last, limit)
        return [_statistics(row) for row in rows]

    async def of_day(self, exchange: str, kind: str, day: date) -> list[ReportRow]:
        """Those of an exchange's instruments of one kind, by symbol; without profiles and reasons.

        Read by portions, so that no loop is held up by the many options of a day.
        """
        found: list[ReportRow] = []
        while True:
            after = found[-1].instrument.partition(":")[2] if found else ""
            rows = await self._link.rows(_OF_DAY, exchange, kind, day, SPLIT_DOUBT_PERCENT, after, PORTION)
            found += [ReportRow(**dict(row)) for row in rows]
            if len(rows) < PORTION:
                return found

    async def days_told(self, first: date, last: date) -> list[DayTold]:
        """The days of [first, last] of which there are some, the newest first."""
        return [DayTold(**dict(row)) for row in await self._link.rows(_DAYS_TOLD, first, last)]

    async def note_reported(self, exchange: str, day: date, reported: Sequence[Reported]) -> int:
        """Notes on the rows of a day what the exchange's report says of them; of how many rows. Safe to repeat."""
        symbols, percentages = [one.symbol for one in reported], [one.delivery_percentage for one in reported]
        closes = [one.previous_close for one in reported]
        return await self._link.value(_NOTE_REPORTED, exchange, day, symbols, percentages, closes)

    async def is_reported(self, exchange: str, day: date) -> bool:
        """Whether some of the day's rows say what the exchange's report does."""
        return await self._link.value(_IS_REPORTED, exchange, day)

    async def note_adjusted(self, instrument: str, closes: Mapping[date, float | None]) -> int:
        """Notes the adjusted closes of an instrument's days, None where nobody can reckon them; how many are other ones than
        before. Safe to repeat.
        """
        ids = await self._names.ids([instrument])
        days, told = list(closes), list(closes.values())
        return await self._link.value(_NOTE_ADJUSTED, ids.get(instrument), days, told)

    async def forget_adjusted(self, instruments: Sequence[str]) -> int:
        """Takes back the adjusted closes of those whose actions were all taken back; how many. Safe to repeat."""
        return await self._link.value(_FORGET_ADJUSTED, list(await self._identified(instruments)))

    async def _identified(self, instruments: Sequence[str]) -> dict[int, str]:
        return {identity: name for name, identity in (await self._names.ids(instruments)).items()}


def _row(one: DayStatistics, identity: int) -> tuple[Any, ...]:
    written = (msgspec.json.encode(getattr(one, name)).decode() for name in _WRITTEN)
    return identity, one.date, *(getattr(one, name) for name in _FIGURES), *written


def _statistics(row: asyncpg.Record) -> DayStatistics:
    return msgspec.convert({**dict(row), **{name: msgspec.json.decode(row[name]) for name in _WRITTEN}}, DayStatistics)

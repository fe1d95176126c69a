"""Ticks in PostgreSQL: copied in batches, read by instrument and time of receipt."""

# ruff: noqa: S608 - put together from constants and dates; every value travels as an argument

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import asyncpg

from engine.market.kept_tick import KeptTick
from engine.storage.durable.errors import judging_rows
from engine.storage.durable.instruments import InstrumentNames
from engine.storage.durable.link import Connection, PostgresLink
from engine.storage.durable.tick_days import UNNOTED, made
from engine.storage.durable.tick_rows import COLUMNS, packed, tick_of
from engine.storage.durable.times import EPOCH, MICROSECONDS
from engine.storage.errors import DurableStoreError

_KEPT = """
SELECT e.code || ':' || i.symbol AS instrument FROM instruments i JOIN exchanges e ON e.id = i.exchange_id
WHERE i.keep_ticks AND i.is_active AND e.is_active ORDER BY instrument
"""
_PAGE = f"""
SELECT {MICROSECONDS.format("received_at")}, {MICROSECONDS.format("ts")}, price, size, traded, volume, oi, bid, ask, provider
FROM ticks WHERE instrument_id = $1 AND received_at >= $2 AND received_at < $3 ORDER BY received_at
"""
_OLDEST = f"{_PAGE} LIMIT $4"
_NEWEST = f"{_PAGE} DESC LIMIT $4"
_NOTE = "INSERT INTO tick_instruments SELECT * FROM unnest($1::integer[], $2::date[]) ON CONFLICT DO NOTHING"
_DAYS = f"""
SELECT day FROM tick_instruments WHERE instrument_id = $1 AND day BETWEEN $2 AND $3
UNION SELECT day FROM ({UNNOTED}) AS unnoted WHERE day BETWEEN $2 AND $3 ORDER BY day
"""
_AGAIN = "CREATE TEMPORARY TABLE ticks_again (LIKE ticks) ON COMMIT DROP"
_MERGE = "INSERT INTO ticks SELECT * FROM ticks_again ON CONFLICT DO NOTHING"
_DAY_US = 86_400_000_000
_DAY = timedelta(days=1)


class Ticks:
    """The ticks of the instruments whose ticks are to be kept, for as long as their days are."""

    def __init__(self, link: PostgresLink, names: InstrumentNames) -> None:
        self._link = link
        self._names = names

    async def kept(self) -> list[str]:
        """The active instruments whose ticks are to be kept, by canonical name."""
        return [row["instrument"] for row in await self._link.rows(_KEPT)]

    async def save(self, ticks: Sequence[KeptTick]) -> int:
        """Saves ticks, and answers how many of them were new: what is there already stays as it is, so it is safe to repeat.

        Those of instruments that no table knows are left out. Raises UnfitRowError for ticks among which there is one that can
        not be saved ever.
        """
        ids = await self._names.ids({tick.instrument for tick in ticks})
        known = [tick for tick in ticks if tick.instrument in ids]
        if not known:
            return 0
        with judging_rows():
            return await self._save(known, ids)

    async def _save(self, ticks: Sequence[KeptTick], ids: Mapping[str, int]) -> int:
        try:
            return await self._link.run(lambda connection: _add(connection, ticks, ids))
        except DurableStoreError as error:
            if not isinstance(error.__cause__, asyncpg.UniqueViolationError):
                raise
        return await self._link.run(lambda connection: _merge(connection, ticks, ids))

    async def read(
        self, instrument: str, start_us: int, end_us: int, limit: int, *, newest_first: bool = False
    ) -> list[KeptTick]:
        """The first ticks that were received in [start, end), or the last ones, the newest first.

        Only days are looked at that have some of it, or may: in others one would pass over everybody's to learn that.
        """
        identity = (await self._names.ids([instrument])).get(instrument)
        if identity is None:
            return []
        first, last = _moment(start_us), _moment(end_us)
        days = [row["day"] for row in await self._link.rows(_DAYS, identity, first.date(), last.date())]
        found: list[KeptTick] = []
        for day in reversed(days) if newest_first else days:
            start, end = max(first, _midnight(day)), min(last, _midnight(day + _DAY))
            rows = await self._link.rows(_NEWEST if newest_first else _OLDEST, identity, start, end, limit - len(found))
            found += [tick_of(row, instrument) for row in rows]
            if len(found) >= limit:
                break
        return found


async def _add(connection: Connection, ticks: Sequence[KeptTick], ids: Mapping[str, int]) -> int:
    await _prepare(connection, ticks, ids)
    return await _copy(connection, "ticks", ticks, ids)


async def _merge(connection: Connection, ticks: Sequence[KeptTick], ids: Mapping[str, int]) -> int:
    """Some of them are there already: a save whose answer was lost is repeated, or an engine that died had saved them."""
    await connection.execute(_AGAIN)
    await _prepare(connection, ticks, ids)
    await _copy(connection, "ticks_again", ticks, ids)
    return _count(await connection.execute(_MERGE))


async def _copy(connection: Connection, table: str, ticks: Sequence[KeptTick], ids: Mapping[str, int]) -> int:
    return _count(await connection.copy_to_table(table, source=packed(ticks, ids), columns=COLUMNS, format="binary"))


def _count(status: str) -> int:
    """``COPY 5`` or ``INSERT 0 5``."""
    return int(status.rpartition(" ")[2])


async def _prepare(connection: Connection, ticks: Sequence[KeptTick], ids: Mapping[str, int]) -> None:
    """Makes the partitions of their days, and notes whose ticks those have."""
    held = sorted({(tick.received_us // _DAY_US, tick.instrument) for tick in ticks})
    days = [(EPOCH + timedelta(days=day)).date() for day, _ in held]
    for day in sorted(set(days)):
        await made(connection, day)
    await connection.execute(_NOTE, [ids[instrument] for _, instrument in held], days)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _moment(time_us: int) -> datetime:
    return EPOCH + timedelta(microseconds=time_us)

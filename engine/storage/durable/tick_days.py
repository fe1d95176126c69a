"""The days of ticks in PostgreSQL: a partition each, made ahead, indexed when it is over, compared and dropped."""

# ruff: noqa: S608 - put together from constants and dates; every value travels as an argument

from datetime import UTC, date, datetime, timedelta
from functools import partial

import msgspec

from engine.storage.durable.archive_tables import COPY_TIMEOUT_S
from engine.storage.durable.link import Connection, PostgresLink
from engine.storage.durable.times import EPOCH, MICROSECONDS

_PARTITIONS = "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'ticks'::regclass ORDER BY 1"
UNNOTED = """
SELECT held.day FROM (
    SELECT to_date(right(inhrelid::regclass::text, 8), 'YYYYMMDD') AS day FROM pg_inherits WHERE inhparent = 'ticks'::regclass
) AS held WHERE NOT EXISTS (SELECT FROM tick_days_noted AS noted WHERE noted.day = held.day)
"""
"""The days that may have ticks of anybody: those that are older than the notes, or were made by an engine that is."""
_UNFINISHED = f"""
SELECT inhrelid::regclass::text AS name FROM pg_inherits
WHERE inhparent = 'ticks'::regclass AND to_regclass(inhrelid::regclass::text || '_by_instrument') IS NULL
UNION SELECT to_char(day, '"ticks_"YYYYMMDD') FROM ({UNNOTED}) AS unnoted ORDER BY 1
"""
"""The days without an index by instrument, or of which it is not known whose ticks they have."""
_INDEX = "CREATE INDEX IF NOT EXISTS {0}_by_instrument ON {0} (instrument_id, received_at)"
_IS_THERE = "SELECT to_regclass($1) IS NOT NULL"
_MAKE = "CREATE TABLE IF NOT EXISTS {} PARTITION OF ticks FOR VALUES FROM ('{}') TO ('{}')"
_BORDER = f"""
SELECT {MICROSECONDS.format("received_at")} FROM ticks WHERE received_at >= $1 AND received_at < $2
ORDER BY received_at OFFSET $3 LIMIT 1
"""
_HELD = """
SELECT count(*) AS rows, coalesce(bit_xor(hash_record_extended(t, 0)), 0) AS print FROM {} t
WHERE received_at >= $1 AND received_at < $2
"""
_NOTE = """
INSERT INTO tick_instruments
SELECT DISTINCT instrument_id, (received_at AT TIME ZONE 'UTC')::date FROM ticks WHERE received_at >= $1 AND received_at < $2
ON CONFLICT DO NOTHING
"""
_NOTE_DAY = """
WITH RECURSIVE held (instrument_id) AS (
    SELECT min(instrument_id) FROM {0}
    UNION ALL
    SELECT (SELECT min(t.instrument_id) FROM {0} AS t WHERE t.instrument_id > held.instrument_id) FROM held
    WHERE held.instrument_id IS NOT NULL
)
INSERT INTO tick_instruments SELECT instrument_id, $1::date FROM held WHERE instrument_id IS NOT NULL ON CONFLICT DO NOTHING
"""
"""Leaps from one instrument to the next by the index, a probe each, instead of passing over all their ticks."""
_IS_NOTED = "INSERT INTO tick_days_noted VALUES ($1) ON CONFLICT DO NOTHING"
_DROP_PATIENCE = "SET LOCAL lock_timeout = '5s'"
"""Who waits for a table holds up all who come after."""
_NAME = "ticks_%Y%m%d"


class HeldTicks(msgspec.Struct, frozen=True):
    """What a stretch of ticks is known by: of two with the same count and print, each has the other's rows."""

    rows: int = 0
    print: int = 0

    def joined(self, other: "HeldTicks") -> "HeldTicks":
        """Of this stretch and another one, which have no tick in common."""
        return HeldTicks(self.rows + other.rows, self.print ^ other.print)


class TickDays:
    """The partitions of the ticks' table, by day (UTC) of receipt."""

    def __init__(self, link: PostgresLink) -> None:
        self._link = link

    async def days(self) -> list[date]:
        """Those there are, the oldest first."""
        return [_day_of(row["name"]) for row in await self._link.rows(_PARTITIONS)]

    async def make(self, day: date) -> None:
        """Makes a day's partition where there is none."""
        await self._link.run(lambda connection: made(connection, day))

    async def index_before(self, day: date) -> list[date]:
        """Gives all days before that one an index by instrument, and notes whose ticks they have; which ones lacked either.

        Only then one instrument is found among all others without passing over theirs. While ticks come an index would
        make their saving slower by half. What engines saved that note nothing themselves is noted with it.
        """
        names = [row["name"] for row in await self._link.rows(_UNFINISHED)]
        past = [name for name in names if _day_of(name) < day]
        for name in past:
            await self._link.statement(_INDEX.format(name), COPY_TIMEOUT_S)
            await self._link.run(partial(_note_day, name))
        return [_day_of(name) for name in past]

    async def border(self, start_us: int, end_us: int, count: int) -> int:
        """Where the first ``count`` ticks received in [start, end) end: there the next ones begin, or it is the end."""

        async def work(connection: Connection) -> int | None:
            return await connection.fetchval(_BORDER, _moment(start_us), _moment(end_us), count, timeout=COPY_TIMEOUT_S)

        return await self._link.run(work) or end_us

    async def held(self, start_us: int, end_us: int) -> HeldTicks:
        """What stands of the ticks received in [start, end)."""
        return await self._link.run(lambda connection: _held(connection, "ticks", start_us, end_us))

    async def note(self, start_us: int, end_us: int) -> None:
        """Makes known whose ticks received in [start, end) stand there, after others than their keeper have written some."""

        async def work(connection: Connection) -> None:
            await connection.execute(_NOTE, _moment(start_us), _moment(end_us), timeout=COPY_TIMEOUT_S)

        await self._link.run(work)

    async def drop(self, day: date, expected: HeldTicks) -> bool:
        """Drops a day with its ticks if these are what it holds; otherwise nothing, and false.

        From the comparison on nobody can add one.
        """

        async def work(connection: Connection) -> bool:
            name = f"{day:{_NAME}}"
            if not await connection.fetchval(_IS_THERE, name):
                return expected == HeldTicks()
            await connection.execute(_DROP_PATIENCE)
            await connection.execute(f"LOCK TABLE {name} IN SHARE MODE")
            if await _held(connection, name, 0, 2**52) != expected:
                return False
            await connection.execute(f"DROP TABLE {name}")
            for notes in ("tick_instruments", "tick_days_noted"):
                await connection.execute(f"DELETE FROM {notes} WHERE day = $1", day)
            return True

        return await self._link.run(work)


async def made(connection: Connection, day: date) -> None:
    """Makes a day's partition where there is none, which others may do at the same time; who saves into it notes whose."""
    name = f"{day:{_NAME}}"
    if not await connection.fetchval(_IS_THERE, name):  # else each would wait until nobody reads
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        await connection.execute(_MAKE.format(name, start, start + timedelta(days=1)))
        await connection.execute(_IS_NOTED, day)


async def _note_day(name: str, connection: Connection) -> None:
    day = _day_of(name)
    await connection.execute(_NOTE_DAY.format(name), day, timeout=COPY_TIMEOUT_S)
    await connection.execute(_IS_NOTED, day)


async def _held(connection: Connection, table: str, start_us: int, end_us: int) -> HeldTicks:
    row = await connection.fetchrow(_HELD.format(table), _moment(start_us), _moment(end_us), timeout=COPY_TIMEOUT_S)
    return HeldTicks() if row is None else HeldTicks(row["rows"], row["print"])


def _moment(time_us: int) -> datetime:
    return EPOCH + timedelta(microseconds=time_us)


def _day_of(name: str) -> date:
    return datetime.strptime(name, _NAME).replace(tzinfo=UTC).date()

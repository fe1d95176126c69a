"""The tables of the archive: a day's rows out as CSV and in again, and days dropped once they are archived.

Instruments go by their canonical names, as another database numbers them otherwise, and times by microseconds since the
epoch, so that nothing depends on anybody's zone. What stands in a table stays, unless the archive has a higher revision.
"""

# ruff: noqa: S608 - put together from constants; every value travels as an argument

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final, Literal

import msgspec

from engine.storage.durable.link import Connection, PostgresLink
from engine.storage.durable.times import MICROSECONDS, MOMENT, moment
from engine.storage.errors import DurableStoreError

NULL: Final = "\\N"
"""What is null in CSV: nothing would be an empty text."""
COPY_TIMEOUT_S: Final = 900.0
_DAY: Final = timedelta(days=1)


class Column(msgspec.Struct, frozen=True):
    """A column: how it is read for the archive, its type there, and how it is written back."""

    name: str
    kind: str
    """PostgreSQL's type of what is in the archive."""
    out: str = "{}"
    back: str = "{}"


class ArchivedTable(msgspec.Struct, frozen=True):
    """A table whose rows belong to days."""

    name: str
    time: str
    """The column that says which day a row belongs to: a date, or a moment, whose day is UTC's."""
    key: Sequence[str]
    """The owner first."""
    columns: Sequence[Column]
    dated: bool = False
    """Its time is a date."""
    owner: str = "instrument_id"
    revised: bool = False
    """A row with a higher revision takes the place of another one."""


def _plain(kind: str, names: str) -> list[Column]:
    return [Column(name, kind) for name in names.split()]


def _moments(names: str) -> list[Column]:
    return [Column(name, "bigint", MICROSECONDS, MOMENT) for name in names.split()]


_PRICES = _plain("float8", "open high low close previous_close delivery_percentage")
_BAR = [*_plain("text", "source state"), *_plain("bigint", "volume oi"), *_plain("int", "rev")]
_FLAG = [Column("resolve_required", "int", "{}::int", "{}::boolean")]

TABLES: Final = (
    ArchivedTable(
        "price_history_intraday",
        "ts",
        ("instrument_id", "timeframe", "ts"),
        [*_plain("text", "timeframe"), *_moments("ts published_at"), *_PRICES, *_BAR, *_FLAG],
        revised=True,
    ),
    ArchivedTable(
        "price_history_daily",
        "date",
        ("instrument_id", "date"),
        [*_plain("date", "date"), *_moments("ts published_at"), *_PRICES, Column("adj_close", "float8"), *_BAR, *_FLAG],
        dated=True,
        revised=True,
    ),
    ArchivedTable(
        "candle_revisions",
        "ts",
        ("instrument_id", "timeframe", "ts", "rev", "published_at"),
        [
            *_plain("text", "timeframe"),
            *_moments("ts published_at replaced_at"),
            *_PRICES,
            Column("adj_close", "float8"),
            *_BAR,
            *_FLAG,
        ],
    ),
    ArchivedTable(
        "market_statistics",
        "date",
        ("instrument_id", "date"),
        [
            *_plain("date", "date"),
            *_plain(
                "float8", "close return_1d return_5d return_21d return_252d realised_volatility atr high_52w low_52w"
            ),
            *_plain("float8", "volume_average relative_volume vwap point_of_control value_area_low value_area_high"),
            *_plain("bigint", "volume oi oi_change"),
            *_plain("int", "minutes minutes_expected"),
            *(Column(name, "text", "{}::text", "{}::jsonb") for name in ("profile", "reasons")),
        ],
        dated=True,
    ),
    ArchivedTable(
        "option_chain_snapshots",
        "minute",
        ("underlying_id", "expiry", "minute"),
        [
            *_plain("date", "expiry"),
            *_moments("minute as_of"),
            *_plain("float8", "spot future_price forward vix atm atm_iv straddle pcr_oi pcr_volume max_pain"),
            *_plain("bigint", "ce_oi pe_oi"),
            Column("reasons", "text", "{}::text", "{}::jsonb"),
            Column("snapshot", "text", r"replace(encode({}, 'base64'), E'\n', '')", "decode({}, 'base64')"),
        ],
        owner="underlying_id",
    ),
)

TICKS: Final = ArchivedTable(
    "ticks",
    "received_at",
    ("instrument_id", "received_at"),
    [
        *_moments("received_at ts"),
        Column("price", "float8"),
        *_plain("bigint", "size traded volume oi"),
        *_plain("float8", "bid ask"),
        Column("provider", "text"),
    ],
)
"""Of these a day may have more than one file should."""

DROPPED: Final = ("price_history_intraday", "candle_revisions", "option_chain_snapshots")
"""Of these old days are dropped; days' own bars and their statistics are few, and stay."""

_BY_NAME: Final = {table.name: table for table in (*TABLES, TICKS)}


def first_moment(table: ArchivedTable) -> str:
    """The query for the oldest moment of a table whose primary key begins with two columns and the time.

    It leaps from one pair of the two to the next, a probe of the index each: no index begins with the time, and to look
    for it in hundreds of millions of rows would take longer than anybody waits.
    """
    owner, second, time = table.key[:3]
    key = f"{owner}, {second}, {time}"
    first = f"SELECT {key} FROM {table.name}"
    order = f"ORDER BY {key} LIMIT 1"
    return f"""
        WITH RECURSIVE pairs AS (
            ({first} {order})
            UNION ALL
            SELECT following.* FROM pairs CROSS JOIN LATERAL (
                {first} WHERE ({owner}, {second}) > (pairs.{owner}, pairs.{second}) {order}
            ) AS following
        )
        SELECT min({time}) FROM pairs
    """


class ArchiveTables:
    """A day's rows of the archived tables."""

    def __init__(self, link: PostgresLink) -> None:
        self._link = link

    async def oldest_day(self) -> date | None:
        """The first day (UTC) of which rows are held that may be dropped; None where there are none."""

        async def work(connection: Connection) -> list[datetime | None]:
            return [
                await connection.fetchval(first_moment(table), timeout=COPY_TIMEOUT_S)
                for table in map(_BY_NAME.__getitem__, DROPPED)
            ]

        firsts = await self._link.run(work)
        return min((first.astimezone(UTC).date() for first in firsts if first is not None), default=None)

    async def copy_out(self, name: str, day: date, path: Path) -> int:
        """Writes a day's rows of a table into a CSV file with a header; how many there are."""
        return await self.copy_span(name, *_bounds(_BY_NAME[name], day), path)

    async def copy_span(self, name: str, first: object, end: object, path: Path) -> int:
        """Likewise those whose time lies in [first, end)."""
        table = _BY_NAME[name]
        columns = ", ".join(f"{column.out.format(f't.{column.name}')} AS {column.name}" for column in table.columns)
        order = ", ".join(f"t.{key}" for key in table.key)
        query = f"""
            SELECT e.code || ':' || i.symbol AS instrument, {columns} FROM {name} t
            JOIN instruments i ON i.id = t.{table.owner} JOIN exchanges e ON e.id = i.exchange_id
            WHERE t.{table.time} >= $1 AND t.{table.time} < $2 ORDER BY {order}
        """

        async def work(connection: Connection) -> int:
            with _opened(path, "wb") as file:  # by itself asyncpg leaves it open when it is cut off
                status = await connection.copy_from_query(
                    query,
                    first,
                    end,
                    output=file,
                    format="csv",
                    header=True,
                    null=NULL,
                    timeout=COPY_TIMEOUT_S,
                )
            return int(status.rpartition(" ")[2])

        return await self._link.run(work)

    async def copy_in(self, name: str, path: Path) -> int:
        """Takes a CSV file's rows into a table; how many are new or newer. Rows of unknown instruments are left out."""
        table = _BY_NAME[name]
        names = [column.name for column in table.columns]
        kinds = ", ".join(f"{column.name} {column.kind}" for column in table.columns)
        values = ", ".join(column.back.format(f"a.{column.name}") for column in table.columns)

        async def work(connection: Connection) -> int:
            await connection.execute(f"CREATE TEMP TABLE arrived (instrument text, {kinds}) ON COMMIT DROP")
            with _opened(path, "rb") as file:
                await connection.copy_to_table(
                    "arrived",
                    source=file,
                    columns=["instrument", *names],
                    format="csv",
                    header=True,
                    null=NULL,
                    timeout=COPY_TIMEOUT_S,
                )
            status = await connection.execute(
                f"""
                INSERT INTO {name} AS old ({table.owner}, {", ".join(names)})
                SELECT i.id, {values} FROM arrived a
                JOIN exchanges e ON e.code = split_part(a.instrument, ':', 1)
                JOIN instruments i ON i.exchange_id = e.id AND i.symbol = substr(a.instrument, length(e.code) + 2)
                ON CONFLICT ({", ".join(table.key)}) DO {_conflict(table)}
                """,
                timeout=COPY_TIMEOUT_S,
            )
            return int(status.rpartition(" ")[2])

        return await self._link.run(work)

    async def drop(self, day: date, archived: Mapping[str, int]) -> int:
        """Deletes a day's rows, all or none: those that ``archived`` counts by table, and not one more.

        Raises DurableStoreError where others stand there now than were archived: archive the day again.
        """

        async def work(connection: Connection) -> int:
            dropped = 0
            for table in _dropped():
                query = f"DELETE FROM {table.name} WHERE {table.time} >= $1 AND {table.time} < $2"
                status = await connection.execute(query, *_bounds(table, day), timeout=COPY_TIMEOUT_S)
                count = int(status.rpartition(" ")[2])
                if count != archived.get(table.name, 0):
                    raise DurableStoreError(
                        f"{count:,} rows of {day} stand in {table.name}, others than were archived."
                    )
                dropped += count
            return dropped

        return await self._link.run(work)

    async def vacuum(self, name: str) -> None:
        """Gives back the room of dropped rows, and counts anew what the planner goes by."""
        await self._link.statement(f"VACUUM (ANALYZE) {_BY_NAME[name].name}", COPY_TIMEOUT_S)


def _dropped() -> list[ArchivedTable]:
    return [_BY_NAME[name] for name in DROPPED]


def _opened(path: Path, mode: Literal["rb", "wb"]) -> BinaryIO:
    return path.open(mode)


def _bounds(table: ArchivedTable, day: date) -> tuple[object, object]:
    if table.dated:
        return day, day + _DAY
    start_ns = (day - date(1970, 1, 1)).days * 86_400_000_000_000
    return moment(start_ns), moment(start_ns + 86_400_000_000_000)


def _conflict(table: ArchivedTable) -> str:
    if not table.revised:
        return "NOTHING"
    names = (column.name for column in table.columns if column.name not in table.key)
    return f"UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in names)} WHERE excluded.rev > old.rev"

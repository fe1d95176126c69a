"""Screenings: bars of many instruments as arrays, and the newest result of each screener.

Bars travel by COPY in its binary form. Each row has the same length, as no column may be null, so that one view of the
answer's bytes is all the reading there is.
"""

# ruff: noqa: S608 - put together from constants; every value travels as an argument

from collections.abc import Collection, Sequence
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.market.adjustment import WORKS_SPLITS_IN
from engine.storage.durable.instruments import InstrumentNames
from engine.storage.durable.link import Connection, PostgresLink
from engine.storage.durable.times import moment

_EPOCH_2000_US: Final = 946_684_800_000_000
_EPOCH_2000_DAYS: Final = 10_957
_HEAD: Final = 19
"""Bytes before the first row: signature, flags, and the length of an extension that nobody has."""
_TAIL: Final = 2
_COUNT, _LENGTH = ">i2", ">i4"
_NUMBERS = ("open", "high", "low", "close")

_INTRADAY = "price_history_intraday WHERE instrument_id = ANY ($1::int[]) AND ts >= $2 AND timeframe = $3"
_DAILY = "price_history_daily WHERE instrument_id = ANY ($1::int[]) AND date >= $2 AND $3 = '1d'"
_COLUMNS = "instrument_id, ts, open, high, low, close, volume"
_READ = "CASE WHEN source = ANY ($4::text[]) THEN published_at ELSE '-infinity' END"
_WAITING = "SELECT DISTINCT instrument_id FROM {} AND resolve_required AND state <> 'forming'"
"""The indexes of what waits to be healed are short."""
_KEEP = """
WITH over AS (
    DELETE FROM jobs WHERE kind = 'screen' AND arguments ->> 'screener' = $1 AND status IN ('done', 'failed', 'cancelled')
)
INSERT INTO screener_results (screener, result) SELECT $1, $2::jsonb
WHERE $3::jsonb IS NULL OR EXISTS (
    SELECT FROM screeners WHERE id::text = $1 AND is_active AND definition = $3::jsonb FOR SHARE
)
ON CONFLICT (screener) DO UPDATE SET result = excluded.result, updated_at = now()
RETURNING true
"""
_NEWEST = "SELECT result::text FROM screener_results WHERE screener = $1"
_SUMMARIES = """
SELECT screener, (result ->> 'finished')::bigint AS finished, (result ->> 'found')::int AS found
FROM screener_results WHERE screener = ANY ($1)
"""
_UNDER_WAY = """
SELECT arguments ->> 'screener' AS screener, id AS job, coalesce(arguments ->> 'owner', '') AS owner,
    arguments -> 'definition' IS NOT DISTINCT FROM $1::jsonb AS is_same
FROM jobs WHERE kind = 'screen' AND status IN ('waiting', 'running') ORDER BY created_at
"""


def _row_of(*columns: tuple[str, str]) -> np.dtype[np.void]:
    fields: list[tuple[str, str]] = [("", _COUNT)]
    for name, kind in columns:
        fields += [("", _LENGTH), (name, kind)]
    return np.dtype([(name or f"_{at}", kind) for at, (name, kind) in enumerate(fields)])


_BAR = (("id", ">i4"), ("ts", ">i8"), *((name, ">f8") for name in _NUMBERS), ("volume", ">i8"))
_DATE, _READ_AT = ("date", ">i4"), ("read", ">i8")
_NEVER: Final = np.iinfo(np.int64).min
"""PostgreSQL's ``-infinity``."""


class Panel(msgspec.Struct, frozen=True):
    """Bars of many instruments, column by column, in no order."""

    instruments: dict[int, str]
    """Whose bars were asked for, by the number that stands for each in ``id``; some may have none."""
    waiting: tuple[str, ...]
    """Those that are left out: of the time that was asked for a closed bar of theirs waits to be healed."""
    id: NDArray[np.int32]
    time: NDArray[np.int64]
    """Their opens, ns UTC."""
    date: NDArray[np.int32] | None
    """Of days, the day, counted from 1970; None for bars within days."""
    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]
    read: NDArray[np.int64] | None
    """When each was read, ns UTC, where its source works splits in; else 0. None where nobody wants to know."""


class Summary(msgspec.Struct, frozen=True):
    """A result in short: when it was ready, unix ms, and how many instruments it found."""

    finished: int
    found: int


class Run(msgspec.Struct, frozen=True):
    """A job that runs a screener, or waits to."""

    screener: str
    job: str
    owner: str
    """Whose screener it is; empty: everybody's."""
    is_same: bool
    """Whether it looks for what was asked about: a screener may be rewritten while it is run."""


def screened(screener: str) -> str:
    """The name of the checkpoint that says for which trading day a screener was run by itself."""
    return f"screened:{screener}"


class Screenings:
    """What a screener works with, and what came of it."""

    def __init__(self, link: PostgresLink, names: InstrumentNames) -> None:
        self._link = link
        self._names = names

    async def bars(
        self, instruments: Sequence[str], timeframe: str, since_ns: int, *, with_read: bool = False
    ) -> Panel:
        """The bars of these instruments since a time, forming ones included; those that nobody knows are left out.

        Since a time, and not the newest so many of each: the rows of a day lie together, and PostgreSQL reads them together.
        """
        names = {number: name for name, number in (await self._names.ids(instruments)).items()}
        days = timeframe == "1d"
        table, since = (_DAILY, moment(since_ns).date()) if days else (_INTRADAY, moment(since_ns))
        found = await self._link.rows(_WAITING.format(table), list(names), since, timeframe)
        waiting = [names.pop(row["instrument_id"]) for row in found]
        columns = _COLUMNS + ", date" * days + f", {_READ}" * with_read
        sources = [list(WORKS_SPLITS_IN)] * with_read
        told = await self._copied(f"SELECT {columns} FROM {table}", list(names), since, timeframe, *sources)
        row = _row_of(*_BAR, *[_DATE] * days, *[_READ_AT] * with_read)
        count = (len(told) - _HEAD - _TAIL) // row.itemsize
        return _panel(names, waiting, np.frombuffer(told, row, count, _HEAD))

    async def _copied(self, query: str, *arguments: Any) -> bytes:
        """What the query finds, in PostgreSQL's binary form."""

        async def work(connection: Connection) -> bytes:
            parts: list[bytes] = []

            async def take(part: bytes) -> None:
                parts.append(part)

            await connection.copy_from_query(query, *arguments, output=take, format="binary")
            return b"".join(parts)

        return await self._link.run(work)

    async def keep(self, screener: str, result: str, own: str | None = None) -> bool:
        """Keeps a result, as JSON, in place of the one before; the runs before it are forgotten, or each click would stay.

        The definition of an own one is told: what was found is not kept where it is another one by now, or none; then False.
        """
        return await self._link.value(_KEEP, screener, result, own) is not None

    async def newest(self, screener: str) -> str | None:
        """The newest result, as JSON; ``None``: it has not been run."""
        return await self._link.value(_NEWEST, screener)

    async def summaries(self, screeners: Sequence[str]) -> dict[str, Summary]:
        """What came of those that have been run."""
        rows = await self._link.rows(_SUMMARIES, screeners)
        return {row["screener"]: Summary(row["finished"], row["found"]) for row in rows}

    async def under_way(self, definition: str) -> list[Run]:
        """The jobs that run or wait to, the oldest first, compared with a definition (JSON)."""
        return [msgspec.convert(dict(row), Run) for row in await self._link.rows(_UNDER_WAY, definition)]


def _panel(instruments: dict[int, str], waiting: Collection[str], rows: NDArray[np.void]) -> Panel:
    numbers = {name: rows[name].astype(np.float64) for name in (*_NUMBERS, "volume")}
    fields = rows.dtype.names or ()
    return Panel(
        instruments=instruments,
        waiting=tuple(sorted(waiting)),
        id=rows["id"].astype(np.int32),
        time=(rows["ts"].astype(np.int64) + _EPOCH_2000_US) * 1_000,
        date=rows["date"].astype(np.int32) + _EPOCH_2000_DAYS if "date" in fields else None,
        read=_read(rows["read"].astype(np.int64)) if "read" in fields else None,
        **numbers,
    )


def _read(times: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.where(times == _NEVER, 0, (np.maximum(times, 0) + _EPOCH_2000_US) * 1_000)

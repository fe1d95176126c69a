"""Price history: saving candles so that nothing newer is ever lost to something older, and reading them back."""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter

import asyncpg

from engine.market.candle import Candle
from engine.storage.durable.candle_rows import Row, bar_row, candle_of, day_of, day_row, waves
from engine.storage.durable.instruments import InstrumentNames
from engine.storage.durable.link import Connection, PostgresLink
from engine.storage.durable.rows import DailyCandle, SaveResult
from engine.storage.durable.statements import (
    AS_OF,
    CANDLES,
    CHECKPOINT,
    DAY_CANDLES,
    DAYS,
    DAYS_AS_OF,
    DAYS_PUBLISHED_AFTER,
    FLAGGED_DAYS,
    FLAGGED_INTRADAY,
    FUTURE_VOLUMES,
    NTH_BAR,
    NTH_DAY,
    NTH_NEWEST_BAR,
    NTH_NEWEST_DAY,
    PUBLISHED_AFTER,
    SAVE_CHECKPOINT,
    SAVE_DAILY,
    SAVE_INTRADAY,
    SAVING_LOCK,
)
from engine.storage.durable.times import MICROSECOND_NS, SECOND_NS, ceiling, moment
from engine.storage.errors import DurableStoreError

_ROWS_A_STATEMENT = 4_000
"""Making more rows at once would hold the loop for too long."""


class PriceHistory:
    """Closed candles by instrument, timeframe and time; days by their date."""

    def __init__(self, link: PostgresLink, names: InstrumentNames) -> None:
        self._link = link
        self._names = names

    async def save(
        self,
        candles: Sequence[Candle],
        daily: Sequence[DailyCandle] = (),
        checkpoint_ns: int | None = None,
        name: str = "persister",
    ) -> SaveResult:
        """Saves candles and moves the checkpoint, in one transaction. Safe to repeat, in any order.

        Of each bucket the highest revision stays; what a revision replaces, before or in this batch, is kept in
        ``candle_revisions``. Candles that bear no time of publication are published now. Candles of instruments that no table knows are left out and named in the result. A ``1d`` candle among ``candles`` is the
        bar of its opening's date at the exchange; ``daily`` names the date itself, and what else is known of the day.
        """
        try:
            return await self._save(candles, daily, checkpoint_ns, name)
        except DurableStoreError as error:
            if not isinstance(error.__cause__, asyncpg.ForeignKeyViolationError):
                raise
        self._names.forget()  # an instrument was removed for good: it must not keep the others from being saved
        return await self._save(candles, daily, checkpoint_ns, name)

    async def _save(
        self, candles: Sequence[Candle], daily: Sequence[DailyCandle], checkpoint_ns: int | None, name: str
    ) -> SaveResult:
        wanted = {candle.instrument for candle in candles} | {day.candle.instrument for day in daily}
        ids = await self._names.ids(wanted)
        known = [candle for candle in candles if candle.instrument in ids]
        await asyncio.sleep(0)  # a batch may be large, and others wait for the loop
        bars = waves(candle for candle in known if candle.timeframe != "1d")
        await asyncio.sleep(0)
        undated = [self._dated(candle) for candle in known if candle.timeframe == "1d"]
        days = waves([*undated, *(day for day in daily if day.candle.instrument in ids)])

        async def work(connection: Connection) -> int:
            await connection.execute(SAVING_LOCK)
            written = 0
            for wave in bars:
                written += await _write(connection, SAVE_INTRADAY, [bar_row(candle, ids) for candle in wave])
            for wave in days:
                written += await _write(connection, SAVE_DAILY, [day_row(day, ids) for day in wave])
            if checkpoint_ns is not None:
                await connection.execute(SAVE_CHECKPOINT, name, checkpoint_ns)
            return written

        return SaveResult(await self._link.run(work), tuple(sorted(wanted - ids.keys())))

    def _dated(self, candle: Candle) -> DailyCandle:
        opening = datetime.fromtimestamp(candle.time // SECOND_NS, self._names.zone(candle.instrument))
        return DailyCandle(opening.date(), candle)

    async def checkpoint(self, name: str = "persister") -> int:
        """Until when everything is saved, ns; 0 before the first save."""
        return int(await self._link.value(CHECKPOINT, name) or 0)

    async def candles(self, instrument: str, timeframe: str, start_ns: int, end_ns: int) -> list[Candle]:
        """The saved candles that open in [start, end), oldest first."""
        found = await self.candles_many([instrument], timeframe, start_ns, end_ns)
        return found.get(instrument, [])

    async def candles_many(
        self, instruments: Sequence[str], timeframe: str, start_ns: int, end_ns: int
    ) -> dict[str, list[Candle]]:
        """The same for many instruments; those without a candle are left out."""
        ids = await self._names.ids(instruments)
        names = {identity: instrument for instrument, identity in ids.items()}
        bounds = (ceiling(start_ns), ceiling(end_ns))
        if timeframe == "1d":
            rows = await self._link.rows(DAY_CANDLES, list(names), *bounds)
        else:
            rows = await self._link.rows(CANDLES, list(names), timeframe, *bounds)
        return {
            names[identity]: [candle_of(row, names[identity], timeframe) for row in of_one]
            for identity, of_one in groupby(rows, key=itemgetter("instrument_id"))
        }

    async def nth_time(
        self, instrument: str, timeframe: str, start_ns: int, end_ns: int, number: int, *, newest_first: bool = False
    ) -> int | None:
        """When the saved candle with that number opens, counted from 0 among those of [start, end); None beyond the last."""
        ids = await self._names.ids([instrument])
        oldest, newest = (NTH_DAY, NTH_NEWEST_DAY) if timeframe == "1d" else (NTH_BAR, NTH_NEWEST_BAR)
        bounds = (ceiling(start_ns), ceiling(end_ns))
        query = newest if newest_first else oldest
        time_us = await self._link.value(query, ids.get(instrument), timeframe, *bounds, number)
        return None if time_us is None else time_us * MICROSECOND_NS

    async def candles_as_of(
        self, instrument: str, timeframe: str, start_ns: int, end_ns: int, as_of_ns: int
    ) -> list[Candle]:
        """The candles that open in [start, end) as they were published at that time, oldest first.

        Days that were still forming are among them as they were last saved by then, or not at all.
        """
        ids = await self._names.ids([instrument])
        bounds = (ceiling(start_ns), ceiling(end_ns), moment(as_of_ns))
        query = DAYS_AS_OF if timeframe == "1d" else AS_OF
        rows = await self._link.rows(query, ids.get(instrument), timeframe, *bounds)
        return [candle_of(row, instrument, timeframe) for row in rows]

    async def candles_published(
        self, instruments: Sequence[str], timeframe: str, after_ns: int, limit: int
    ) -> list[Candle]:
        """Those of the saved candles that were published after a time, final and revised ones, the first ``limit`` of them.

        What has been revised since is told only as it is now.
        """
        ids = await self._names.ids(instruments)
        names = {identity: instrument for instrument, identity in ids.items()}
        query = DAYS_PUBLISHED_AFTER if timeframe == "1d" else PUBLISHED_AFTER
        rows = await self._link.rows(query, list(names), timeframe, moment(after_ns), limit)
        return [candle_of(row, names[row["instrument_id"]], timeframe) for row in rows]

    async def days(self, instrument: str, first: date, last: date) -> list[DailyCandle]:
        """The saved days of [first, last], both included, oldest first."""
        ids = await self._names.ids([instrument])
        rows = await self._link.rows(DAYS, ids.get(instrument), first, last)
        return [day_of(row, instrument) for row in rows]

    async def future_volumes(self, since: date) -> dict[str, dict[date, int]]:
        """What every future traded on each saved day from that one on, by canonical name."""
        found: dict[str, dict[date, int]] = {}
        for row in await self._link.rows(FUTURE_VOLUMES, since):
            found.setdefault(row["instrument"], {})[row["date"]] = row["volume"]
        return found

    async def flagged(self, before_ns: int, limit: int = 10_000) -> list[Candle]:
        """Saved candles, days among them, that open before a time and wait to be healed; oldest first."""
        before = moment(before_ns)
        rows = await self._link.rows(FLAGGED_INTRADAY, before, limit)
        rows += await self._link.rows(FLAGGED_DAYS, before, limit)
        names = await self._names.names({row["instrument_id"] for row in rows})
        candles = [candle_of(row, names[row["instrument_id"]], row["timeframe"]) for row in rows]
        return sorted(candles, key=lambda candle: candle.time)[:limit]


async def _write(connection: Connection, statement: str, rows: Sequence[Row]) -> int:
    written = 0
    for start in range(0, len(rows), _ROWS_A_STATEMENT):
        columns = zip(*rows[start : start + _ROWS_A_STATEMENT], strict=True)
        written += await connection.fetchval(statement, *columns)
    return written

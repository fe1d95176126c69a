"""Price history: saving candles so that nothing newer is ever lost to something older, and reading them back."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import asyncpg

from engine.market.candle import Candle, CandleState
from engine.storage.durable.instruments import InstrumentNames
from engine.storage.durable.link import Connection, PostgresLink
from engine.storage.durable.rows import DailyCandle, SaveResult
from engine.storage.durable.statements import (
    CANDLES,
    CHECKPOINT,
    DAY_CANDLES,
    DAYS,
    FLAGGED_DAYS,
    FLAGGED_INTRADAY,
    SAVE_CHECKPOINT,
    SAVE_DAILY,
    SAVE_INTRADAY,
    SAVING_LOCK,
)
from engine.storage.durable.times import MICROSECOND_NS, SECOND_NS, ceiling, moment

_ROWS_A_STATEMENT = 4_000
"""Making more rows at once would hold the loop for too long."""

Row = tuple[Any, ...]


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

        Of each bucket the highest revision stays; what a revision replaces is kept in ``candle_revisions``. Candles of
        instruments that no table knows are left out and named in the result. A ``1d`` candle among ``candles`` is the
        bar of its opening's date at the exchange; ``daily`` names the date itself, and what else is known of the day.
        """
        wanted = {candle.instrument for candle in candles} | {day.candle.instrument for day in daily}
        ids = await self._names.ids(wanted)
        known = [candle for candle in candles if candle.instrument in ids]
        await asyncio.sleep(0)  # a batch may be large, and others wait for the loop
        bars = list(_newest_bars(candle for candle in known if candle.timeframe != "1d"))
        await asyncio.sleep(0)
        undated = [self._dated(candle) for candle in known if candle.timeframe == "1d"]
        days = list(_newest_days([*undated, *(day for day in daily if day.candle.instrument in ids)]))

        async def work(connection: Connection) -> int:
            await connection.execute(SAVING_LOCK)
            written = 0
            for start in range(0, len(bars), _ROWS_A_STATEMENT):
                rows = [_bar_row(candle, ids) for candle in bars[start : start + _ROWS_A_STATEMENT]]
                written += await connection.fetchval(SAVE_INTRADAY, *zip(*rows, strict=True))
            for start in range(0, len(days), _ROWS_A_STATEMENT):
                rows = [_day_row(day, ids) for day in days[start : start + _ROWS_A_STATEMENT]]
                written += await connection.fetchval(SAVE_DAILY, *zip(*rows, strict=True))
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
        found: dict[str, list[Candle]] = {}
        for row in rows:
            instrument = names[row["instrument_id"]]
            found.setdefault(instrument, []).append(_candle(row, instrument, timeframe))
        return found

    async def days(self, instrument: str, first: date, last: date) -> list[DailyCandle]:
        """The saved days of [first, last], both included, oldest first."""
        ids = await self._names.ids([instrument])
        rows = await self._link.rows(DAYS, ids.get(instrument), first, last)
        return [_day(row, instrument) for row in rows]

    async def flagged(self, before_ns: int, limit: int = 10_000) -> list[Candle]:
        """Saved candles, days among them, that open before a time and wait to be healed; oldest first."""
        before = moment(before_ns)
        rows = await self._link.rows(FLAGGED_INTRADAY, before, limit)
        rows += await self._link.rows(FLAGGED_DAYS, before, limit)
        names = await self._names.names({row["instrument_id"] for row in rows})
        candles = [_candle(row, names[row["instrument_id"]], row["timeframe"]) for row in rows]
        return sorted(candles, key=lambda candle: candle.time)[:limit]


def _newest_bars(candles: Iterable[Candle]) -> Iterable[Candle]:
    newest: dict[tuple[str, str, int], Candle] = {}
    for candle in candles:
        key = (candle.instrument, candle.timeframe, candle.time)
        if _is_newer(candle, newest.get(key)):
            newest[key] = candle
    return newest.values()


def _newest_days(days: Iterable[DailyCandle]) -> Iterable[DailyCandle]:
    newest: dict[tuple[str, date], DailyCandle] = {}
    for day in days:
        key = (day.candle.instrument, day.date)
        before = newest.get(key)
        if _is_newer(day.candle, before and before.candle):
            newest[key] = day
    return newest.values()


def _is_newer(candle: Candle, before: Candle | None) -> bool:
    """One statement can write a row only once, so a batch is sifted by the rule that the table applies too."""
    if before is None or candle.revision > before.revision:
        return True
    return candle.revision == before.revision and before.state is CandleState.FORMING


def _bar_row(candle: Candle, ids: Mapping[str, int]) -> Row:
    return ids[candle.instrument], candle.timeframe, *_fields(candle)


def _day_row(day: DailyCandle, ids: Mapping[str, int]) -> Row:
    extras = (day.previous_close, day.adj_close, day.delivery_percentage)
    return ids[day.candle.instrument], day.date, *_fields(day.candle), *extras


def _fields(candle: Candle) -> Row:
    return (
        candle.time // MICROSECOND_NS,
        candle.open,
        candle.high,
        candle.low,
        candle.close,
        candle.volume,
        candle.open_interest,
        candle.source,
        candle.revision,
        candle.state.value,
        candle.resolve_required,
    )


def _candle(row: asyncpg.Record, instrument: str, timeframe: str) -> Candle:
    return Candle(
        instrument=instrument,
        timeframe=timeframe,
        time=row["time_us"] * MICROSECOND_NS,
        open=row["open"],
        high=row["high"],
        low=row["low"],
        close=row["close"],
        volume=row["volume"],
        open_interest=row["oi"],
        state=CandleState(row["state"]),
        revision=row["rev"],
        source=row["source"],
        resolve_required=row["resolve_required"],
    )


def _day(row: asyncpg.Record, instrument: str) -> DailyCandle:
    return DailyCandle(
        date=row["date"],
        candle=_candle(row, instrument, "1d"),
        previous_close=row["previous_close"],
        adj_close=row["adj_close"],
        delivery_percentage=row["delivery_percentage"],
    )

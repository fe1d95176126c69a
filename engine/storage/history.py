"""Reading candles: PostgreSQL, the hot series and the forming candle as one list, the newest of each bucket."""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import TypeVar

import msgspec

from engine.market import Calendars, derive
from engine.market.candle import Candle, CandleState
from engine.market.continuous import Leg
from engine.storage.durable import DailyCandle, DurableStore
from engine.storage.errors import StorageUnavailableError
from engine.storage.hot import HotStore

HOT = "redis"
DURABLE = "postgresql"
LOOK_BACK = timedelta(days=14)
"""No exchange is closed for longer in one go."""

Part = TypeVar("Part")


class CandleRange(msgspec.Struct, frozen=True):
    """Candles of one instrument and timeframe, oldest first."""

    candles: list[Candle]
    missing: tuple[str, ...] = ()
    """The stores that were away: what only they hold is not among the candles."""

    @property
    def degraded(self) -> bool:
        return bool(self.missing)


class DayRange(msgspec.Struct, frozen=True):
    """Days of one instrument, oldest first."""

    days: list[DailyCandle]
    missing: tuple[str, ...] = ()
    """The stores that were away: what only they hold is not among the days."""

    @property
    def degraded(self) -> bool:
        return bool(self.missing)


class CandleReader:
    """Joins what the two stores hold; does with one of them, and says so.

    What opened before ``hot_from_ns`` Redis is not asked for: it is older than anything that it keeps.
    """

    def __init__(
        self,
        hot: HotStore,
        durable: DurableStore,
        calendars: Calendars,
        *,
        hot_from_ns: int = 0,
        legs: Mapping[str, Sequence[Leg]] | None = None,
    ) -> None:
        """``legs`` of continuous futures by name: they are read contract by contract, and joined."""
        self._hot = hot
        self._durable = durable
        self._calendars = calendars
        self._hot_from_ns = hot_from_ns
        self._legs = legs or {}

    async def rows(self, instrument: str, timeframe: str, start_ns: int, end_ns: int) -> CandleRange:
        """The candles that open in [start, end), the forming one among them. Raises only when both stores are away."""
        if instrument not in self._legs:
            return await self._rows(instrument, timeframe, start_ns, end_ns)
        parts = [await self._rows(name, timeframe, *span) for name, *span in self._parts(instrument, start_ns, end_ns)]
        candles = [_called(instrument, candle) for part in parts for candle in part.candles]
        return CandleRange(candles, _missing_of(part.missing for part in parts))

    def _parts(self, instrument: str, start_ns: int, end_ns: int) -> list[tuple[str, int, int]]:
        """The contracts of a continuous future in a stretch of time, oldest first; an instrument itself is its only part."""
        if instrument not in self._legs:
            return [(instrument, start_ns, end_ns)]
        spans = ((leg.instrument, *leg.within(start_ns, end_ns)) for leg in self._legs[instrument])
        return [(name, begin_ns, close_ns) for name, begin_ns, close_ns in spans if begin_ns < close_ns]

    async def _rows(self, instrument: str, timeframe: str, start_ns: int, end_ns: int) -> CandleRange:
        if end_ns <= self._hot_from_ns:
            return CandleRange(await self._durable.candles(instrument, timeframe, start_ns, end_ns))
        saved, hot, forming = await asyncio.gather(
            or_away(self._durable.candles(instrument, timeframe, start_ns, end_ns)),
            or_away(self._hot.candles(instrument, timeframe, start_ns, end_ns)),
            or_away(self._forming(instrument, timeframe)),
        )
        missing = missing_stores(saved, hot, forming)
        inside = [candle for candle in given(forming) if start_ns <= candle.time < end_ns]
        return CandleRange(newest([*given(saved), *given(hot), *inside]), missing)

    async def live(self, instrument: str, timeframe: str, start_ns: int, end_ns: int) -> list[Candle]:
        """Those of them that Redis holds. Raises when it is away."""
        found: list[Candle] = []
        for name, *span in self._parts(instrument, start_ns, end_ns):
            found += [_called(instrument, candle) for candle in await self._live(name, timeframe, *span)]
        return found

    async def _live(self, instrument: str, timeframe: str, start_ns: int, end_ns: int) -> list[Candle]:
        hot, forming = await asyncio.gather(
            self._hot.candles(instrument, timeframe, start_ns, end_ns), self._forming(instrument, timeframe)
        )
        return newest([*hot, *(candle for candle in forming if start_ns <= candle.time < end_ns)])

    async def days(self, instrument: str, first: date, last: date) -> DayRange:
        """The days [first, last], both included, today's forming one among them. Raises only when both stores are away."""
        if instrument not in self._legs:
            return await self._days(instrument, first, last)
        calendar = self._calendars.of(instrument)
        days = list(calendar.trading_days(first, last))
        parts: list[DayRange] = []
        for leg in self._legs[instrument]:
            dates = [day.date for day in days if leg.start_ns <= day.attended_ns < leg.end_ns]
            if dates:
                parts.append(await self._days(leg.instrument, dates[0], dates[-1]))
        found = [
            msgspec.structs.replace(day, candle=_called(instrument, day.candle)) for part in parts for day in part.days
        ]
        return DayRange(found, _missing_of(part.missing for part in parts))

    async def _days(self, instrument: str, first: date, last: date) -> DayRange:
        calendar = self._calendars.of(instrument)
        sessions = calendar.sessions(first, last)
        bounds = (sessions[0].start_ns, sessions[-1].end_ns) if sessions else (0, 0)
        saved, hot, forming = await asyncio.gather(
            or_away(self._durable.days(instrument, first, last)),
            or_away(self._hot.candles(instrument, "1d", *bounds)),
            or_away(self._forming(instrument, "1d")),
        )
        missing = missing_stores(saved, hot, forming)
        days = {day.date: day for day in given(saved)}
        for candle in [*given(hot), *given(forming)]:
            day = calendar.session_date(candle.time)
            known = days.get(day)
            if first <= day <= last and (known is None or is_newer(candle, known.candle)):
                days[day] = msgspec.structs.replace(known or DailyCandle(day, candle), candle=candle)
        return DayRange([days[day] for day in sorted(days)], missing)

    async def previous_closes(self, instrument: str, first: date, last: date) -> dict[date, float]:
        """The close of the trading day before each day of [first, last], where it is known.

        The exchange's own word for it, which comes with today's quotes, goes before the bars that we have.
        """
        calendar = self._calendars.of(instrument)
        earlier = first - LOOK_BACK
        found, quotes = await asyncio.gather(
            self.days(instrument, earlier, last), or_away(self._hot.quotes([instrument]))
        )
        bars = {day.date: day for day in found.days}
        dates = [day.date for day in calendar.trading_days(earlier, last)]
        closes = {day: bars[before].candle.close for before, day in pairwise(dates) if before in bars}
        closes |= {day.date: day.previous_close for day in found.days if day.previous_close is not None}
        quote = {} if isinstance(quotes, StorageUnavailableError) else quotes.get(instrument, {})
        if quote.get("previous_close"):
            closes[calendar.session_date(quote["ts_event"])] = quote["previous_close"]
        return {day: close for day, close in closes.items() if first <= day <= last}

    async def _forming(self, instrument: str, timeframe: str) -> list[Candle]:
        """The forming candle: as it is kept for watched instruments, else made of the minutes of its bucket."""
        found = await self._hot.live_candles([(instrument, timeframe), (instrument, "1m")])
        minute = found.get((instrument, "1m"))
        ready = found.get((instrument, timeframe))
        bucket = minute and self._calendars.of(instrument).bucket(timeframe, minute.time)
        if timeframe == "1m" or minute is None or bucket is None:
            return [ready] if ready else []
        if ready and ready.time >= bucket.start_ns:
            return [ready]
        closed = await self._hot.candles(instrument, "1m", bucket.start_ns, bucket.end_ns)
        return derive(newest([*closed, minute]), timeframe, self._calendars.of(instrument))[-1:]


def _called(name: str, candle: Candle) -> Candle:
    """The same candle as that of another name."""
    return candle if candle.instrument == name else msgspec.structs.replace(candle, instrument=name)


def _missing_of(parts: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(sorted({store for missing in parts for store in missing}))


def is_newer(candle: Candle, than: Candle) -> bool:
    """Whether a candle of the same bucket is to be believed rather than another that was read before it."""
    if candle.revision != than.revision:
        return candle.revision > than.revision
    return candle.state is not CandleState.FORMING or than.state is CandleState.FORMING


def newest(candles: Iterable[Candle]) -> list[Candle]:
    """One candle for each time, oldest first; of equals the one that comes later in ``candles``."""
    chosen: dict[int, Candle] = {}
    for candle in candles:
        known = chosen.get(candle.time)
        if known is None or is_newer(candle, known):
            chosen[candle.time] = candle
    return [chosen[time] for time in sorted(chosen)]


async def or_away(part: Awaitable[Part]) -> Part | StorageUnavailableError:
    """What was asked for, or that the store is away."""
    try:
        return await part
    except StorageUnavailableError as error:
        return error


def given(part: Sequence[Part] | StorageUnavailableError) -> Sequence[Part]:
    """What a store gave: nothing when it was away."""
    return () if isinstance(part, StorageUnavailableError) else part


def missing_stores(saved: object, *hot: object) -> tuple[str, ...]:
    """The stores that were away. Raises when both were."""
    away = [part for part in hot if isinstance(part, StorageUnavailableError)]
    if isinstance(saved, StorageUnavailableError):
        if away:
            raise saved
        return (DURABLE,)
    return (HOT,) if away else ()

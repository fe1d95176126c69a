"""Price history in memory: the newest revision of each bucket, and what it took the place of."""

import math
import time
from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from engine.market.candle import Candle, CandleState
from engine.market.instrument import InstrumentKind
from engine.storage.durable import DailyCandle, SaveResult
from engine.storage.durable.candle_rows import waves
from engine.storage.durable.candles import PriceHistory
from engine.storage.errors import DurableStoreError
from engine.storage.memory.tables import Tables
from engine.storage.memory.verdicts import overrule

_SECOND_NS = 1_000_000_000
_LARGEST = 2**63
_IDENTITY = ("open", "high", "low", "close", "volume", "open_interest", "source")
_VALUES = ("open", "high", "low", "close", "volume", "open_interest", "state", "resolve_required")


class MemoryPriceHistory(PriceHistory):
    """Closed candles by instrument, timeframe and time; days by their date."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def save(
        self,
        candles: Sequence[Candle],
        daily: Sequence[DailyCandle] = (),
        checkpoint_ns: int | None = None,
        name: str = "persister",
    ) -> SaveResult:
        """Saves candles and moves the checkpoint, all of it or nothing."""
        await self._tables.arrive()
        wanted = {candle.instrument for candle in candles} | {day.candle.instrument for day in daily}
        known = self._tables.known(wanted)
        _check([*candles, *(day.candle for day in daily)])
        bars = [candle for candle in candles if candle.instrument in known]
        undated = [self._day_of(candle) for candle in bars if candle.timeframe == "1d"]
        days = [*undated, *(day for day in daily if day.candle.instrument in known)]
        written = [
            bar for wave in waves(bar for bar in bars if bar.timeframe != "1d") for bar in wave if self._take(bar)
        ]
        overrule(self._tables, written)
        written += [day.candle for wave in waves(days) for day in wave if self._take_day(day)]
        if checkpoint_ns is not None:
            self._tables.checkpoints[name] = max(checkpoint_ns, self._tables.checkpoints.get(name, 0))
        return SaveResult(len(written), tuple(sorted(wanted - known)))

    def _day_of(self, candle: Candle) -> DailyCandle:
        opening = datetime.fromtimestamp(candle.time // _SECOND_NS, self._tables.zone(candle.instrument))
        return DailyCandle(opening.date(), candle)

    def _take(self, candle: Candle) -> bool:
        """Whether the candle is news."""
        kept = self._tables.bars.setdefault((candle.instrument, candle.timeframe), {})
        known = kept.get(candle.time)
        if known is not None and takes_flag(known, candle):
            candle = _republished(candle, known)
        elif not self._replace(known, candle):
            return False
        kept[candle.time] = _published(candle)
        return True

    def _take_day(self, day: DailyCandle) -> bool:
        kept = self._tables.days.setdefault(day.candle.instrument, {})
        known = kept.get(day.date)
        if known is not None and takes_flag(known.candle, day.candle):
            day = msgspec.structs.replace(day, candle=_republished(day.candle, known.candle))
        elif not self._replace(known and known.candle, day.candle):
            return False
        day = day if known is None else _completed(day, known)
        kept[day.date] = msgspec.structs.replace(day, candle=_published(day.candle))
        return True

    def _replace(self, old: Candle | None, new: Candle) -> bool:
        """Whether the new one counts; then what it replaces is kept aside."""
        if old is None:
            return True
        if not gives_way(old, new):
            self._keep_superseded(old, new)
            return False
        if old.state is not CandleState.FORMING:
            self._tables.replaced.append(old)
        return True

    def _keep_superseded(self, standing: Candle, late: Candle) -> None:
        """A revision that comes after the one that replaced it is kept all the same, if it was ever published, and once."""
        published = late.state is not CandleState.FORMING and late.published_ns > 0
        if late.revision >= standing.revision or not published:
            return
        numbers = {candle.revision for candle in self._tables.replaced if _place(candle) == _place(late)}
        if late.revision not in numbers:
            self._tables.replaced.append(late)

    async def checkpoint(self, name: str = "persister") -> int:
        """Until when everything is saved, ns; 0 before the first save."""
        await self._tables.arrive()
        return self._tables.checkpoints.get(name, 0)

    async def candles_many(
        self, instruments: Sequence[str], timeframe: str, start_ns: int, end_ns: int
    ) -> dict[str, list[Candle]]:
        """The saved candles that open in [start, end), oldest first; instruments without one are left out."""
        await self._tables.arrive()
        found: dict[str, list[Candle]] = {}
        for instrument in sorted(self._tables.known(instruments)):
            inside = [candle for candle in self._kept(instrument, timeframe) if start_ns <= candle.time < end_ns]
            if inside:
                found[instrument] = sorted(inside, key=lambda candle: candle.time)
        return found

    def _kept(self, instrument: str, timeframe: str) -> Sequence[Candle]:
        if timeframe == "1d":
            return [day.candle for day in self._tables.days.get(instrument, {}).values()]
        return list(self._tables.bars.get((instrument, timeframe), {}).values())

    async def nth_time(
        self, instrument: str, timeframe: str, start_ns: int, end_ns: int, number: int, *, newest_first: bool = False
    ) -> int | None:
        """When the saved candle with that number opens, counted from 0 among those of [start, end); None beyond the last."""
        await self._tables.arrive()
        times = [candle.time for candle in self._kept(instrument, timeframe) if start_ns <= candle.time < end_ns]
        ordered = sorted(times, reverse=newest_first)
        return ordered[number] if number < len(ordered) else None

    async def candles_as_of(
        self, instrument: str, timeframe: str, start_ns: int, end_ns: int, as_of_ns: int
    ) -> list[Candle]:
        """The candles that open in [start, end) as they were published at that time, oldest first."""
        await self._tables.arrive()
        replaced = (c for c in self._tables.replaced if (c.instrument, c.timeframe) == (instrument, timeframe))
        newest: dict[int, Candle] = {}
        for candle in sorted([*replaced, *self._kept(instrument, timeframe)], key=_order):
            if start_ns <= candle.time < end_ns and candle.published_ns <= as_of_ns:
                newest[candle.time] = candle
        return [newest[opening] for opening in sorted(newest)]

    async def candles_published(
        self, instruments: Sequence[str], timeframe: str, after_ns: int, limit: int
    ) -> list[Candle]:
        """Those of the saved candles that were published after a time, final and revised ones, the first ``limit`` of them."""
        await self._tables.arrive()
        found = [
            candle
            for instrument in self._tables.known(instruments)
            for candle in self._kept(instrument, timeframe)
            if candle.published_ns > after_ns and candle.state is not CandleState.FORMING
        ]
        return sorted(found, key=lambda candle: (candle.published_ns, candle.time))[:limit]

    async def days(self, instrument: str, first: date, last: date) -> list[DailyCandle]:
        """The saved days of [first, last], both included, oldest first."""
        await self._tables.arrive()
        kept = self._tables.days.get(instrument, {})
        return [kept[day] for day in sorted(kept) if first <= day <= last]

    async def future_volumes(self, since: date) -> dict[str, dict[date, int]]:
        """What every future traded on each saved day from that one on, by canonical name."""
        await self._tables.arrive()
        found: dict[str, dict[date, int]] = {}
        for name, one in self._tables.instruments.items():
            if one.kind is InstrumentKind.FUTURE and one.expiry is not None and one.expiry >= since:
                days = self._tables.days.get(name, {})
                closed = [day for day in days.values() if day.candle.state is not CandleState.FORMING]
                found |= {name: {day.date: day.candle.volume for day in closed if day.date >= since}} if closed else {}
        return found

    async def flagged(self, before_ns: int, limit: int = 10_000) -> list[Candle]:
        """Saved candles, days among them, that open before a time and wait to be healed; oldest first."""
        await self._tables.arrive()
        bars = [candle for kept in self._tables.bars.values() for candle in kept.values()]
        bars += [day.candle for kept in self._tables.days.values() for day in kept.values()]
        found = [candle for candle in bars if candle.resolve_required and candle.time < before_ns]
        return sorted(found, key=lambda candle: candle.time)[:limit]


def gives_way(old: Candle, new: Candle) -> bool:
    """The rule of replacement, as the statements of the tables have it."""
    if new.revision != old.revision:
        return new.revision > old.revision
    if old.state is CandleState.FORMING:
        return not _agree(old, new, _VALUES)
    cleared = old.resolve_required and not new.resolve_required and new.state is not CandleState.FORMING
    return cleared and not _agree(old, new, _IDENTITY)


def takes_flag(old: Candle, new: Candle) -> bool:
    """Whether it is the same closed candle, and all that is new about it is its flag."""
    closed = CandleState.FORMING not in (old.state, new.state)
    news = new.resolve_required and not old.resolve_required
    return closed and news and old.revision == new.revision and _agree(old, new, _IDENTITY)


def _agree(old: Candle, new: Candle, fields: Sequence[str]) -> bool:
    return [_value(old, field) for field in fields] == [_value(new, field) for field in fields]


def _value(candle: Candle, field: str) -> object:
    """A price that is lacking equals another that is, as in PostgreSQL; in Python no NaN equals any."""
    value = getattr(candle, field)
    return None if isinstance(value, float) and math.isnan(value) else value


def _republished(candle: Candle, known: Candle) -> Candle:
    """It was published when it was told first."""
    return msgspec.structs.replace(candle, published_ns=known.published_ns)


def _completed(day: DailyCandle, known: DailyCandle) -> DailyCandle:
    """What was known of a day is not forgotten."""
    extras = ("previous_close", "adj_close", "delivery_percentage")
    told = {name: getattr(day, name) for name in extras}
    return DailyCandle(
        day.date,
        day.candle,
        **{name: getattr(known, name) if value is None else value for name, value in told.items()},
    )


def _published(candle: Candle) -> Candle:
    """What bears no time of publication is published now."""
    if candle.published_ns:
        return candle
    return msgspec.structs.replace(candle, published_ns=time.time_ns() // 1_000_000 * 1_000_000)


def _order(candle: Candle) -> tuple[int, int]:
    return candle.revision, candle.published_ns


def _place(candle: Candle) -> tuple[str, str, int]:
    return candle.instrument, candle.timeframe, candle.time


def _check(candles: Sequence[Candle]) -> None:
    for candle in candles:
        if not 0 <= candle.volume < _LARGEST:
            raise DurableStoreError(f"It answered: volume {candle.volume} is no number of eight bytes")

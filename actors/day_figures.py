"""The figures of days: worked out of what is held of some instruments, and kept."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import partial

import anyio.to_thread

from engine.market import Calendar, TradingDay
from engine.market.adjustment import Adjuster, Adjustment
from engine.market.after_hours import SPAN
from engine.market.corporate_action import KnownAction
from engine.market.ledger import is_sound
from engine.market.statistics import Days, DayStatistics, Minutes, columns_of, day_statistics
from engine.market.timeframe import MINUTE_NS
from engine.storage.durable import DailyCandle, DurableStore

HISTORY = timedelta(days=380)
"""Before a day: what holds the 253 trading days of the longest figure."""
DAY = timedelta(days=1)


class DayFigures:
    """Those of some days of one exchange, and of days of the month before whose bars, splits or bonuses came, or changed, since.

    Processor work goes to threads.
    """

    def __init__(self, durable: DurableStore, calendar: Calendar, days: Sequence[TradingDay]) -> None:
        """The days with the oldest first."""
        self._durable = durable
        self._calendar = calendar
        self._days = days

    async def work_out(self, instruments: Sequence[str]) -> int:
        """Keeps the figures of these instruments; of how many days. Safe to repeat, and to cut off."""
        statistics, first, last = self._durable.statistics, self._days[0].date, self._days[-1].date
        # Before they are read: what changes meanwhile counts anew.
        changed = await statistics.changed_actions(instruments)
        known = await self._durable.corporate_actions.known(instruments)
        kept = {name: await self._note_adjusted(name, actions) for name, actions in known.items()}
        await statistics.forget_adjusted(instruments)
        stale = await statistics.stale_since(instruments, first - SPAN, last)
        count = 0
        for day in self._days_from(min([first, *stale.values()])):
            wanted = [name for name in instruments if min(first, stale.get(name, first)) <= day.date]
            columns = await statistics.days(wanted, day.date - HISTORY, day.date)
            for name in known.keys() & columns.keys():
                work = partial(self._split_adjusted, kept[name], known[name], day.date)
                columns[name] = await anyio.to_thread.run_sync(work)
            traded = {name: days for name, days in columns.items() if days.dates[-1] == day.date}
            minutes = await statistics.minutes(list(traded), day.start_ns, day.end_ns)
            trading = self._known_days(day.date)
            found = await anyio.to_thread.run_sync(partial(_worked_out, traded, minutes, _minutes_of(day), trading))
            await statistics.save(found)
            count += len(found)
        await statistics.note_actions(changed, last)
        return count

    def _days_from(self, first: date) -> Iterator[TradingDay]:
        """The newest first: a day that came late shows that those after it are to be done, so it is done after them."""
        yield from reversed(self._days)
        yield from reversed(list(self._calendar.trading_days(first, self._days[0].date - DAY)))

    def _known_days(self, until: date) -> list[date]:
        """The trading days that figures look back on. Where holidays are not known, only what is held counts as one."""
        trading = self._calendar.trading_days(until - HISTORY, until)
        return [day.date for day in trading if self._calendar.covers(day.date)]

    async def _note_adjusted(self, instrument: str, known: Sequence[KnownAction]) -> list[DailyCandle]:
        """Notes the adjusted closes as of the newest day, whichever day the job is of; answers all its days."""
        kept = await self._durable.days(instrument, date.min, date.max)
        until = max(self._days[-1].date, *(day.date for day in kept[-1:]))
        adjuster = Adjuster(known, Adjustment.ALL, until, self._calendar.zone)
        closes = await anyio.to_thread.run_sync(partial(_adjusted_closes, adjuster, kept))
        await self._durable.statistics.note_adjusted(instrument, closes)
        return kept

    def _split_adjusted(self, kept: Sequence[DailyCandle], known: Sequence[KnownAction], until: date) -> Days:
        """The days that figures look back on, as they would have been with all splits made from the beginning."""
        adjuster = Adjuster(known, Adjustment.SPLIT, until, self._calendar.zone)
        days = [day for day in kept if until - HISTORY <= day.date <= until and is_sound(day.candle)]
        return columns_of([day.date for day in days], [adjuster.adjusted(day.candle, day.date) for day in days])


def _adjusted_closes(adjuster: Adjuster, days: Sequence[DailyCandle]) -> dict[date, float | None]:
    return {day.date: adjuster.close(day.candle, day.date) if is_sound(day.candle) else None for day in days}


def _worked_out(
    days: Mapping[str, Days], minutes: Mapping[str, Minutes], expected: int, trading: Sequence[date]
) -> list[DayStatistics]:
    return [
        day_statistics(name, columns, minutes.get(name, Minutes()), expected, trading) for name, columns in days.items()
    ]


def _minutes_of(day: TradingDay) -> int:
    return sum(session.end_ns - session.start_ns for session in day.sessions) // MINUTE_NS

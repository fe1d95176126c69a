"""When the simulated exchange is open: all day and every day, or by an exchange calendar. Days are Indian days."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final

import msgspec

from engine.market.calendar import Calendar

SECOND_NS: Final = 1_000_000_000
MINUTE_NS: Final = 60 * SECOND_NS
DAY_NS: Final = 86_400 * SECOND_NS
INDIA_NS: Final = 19_800 * SECOND_NS
"""How far Indian wall clocks are ahead of UTC."""
_SEARCH_DAYS: Final = 30
_EPOCH: Final = date(1970, 1, 1)


def indian_date(time_ns: int) -> date:
    """The day of a moment in India."""
    return (datetime.fromtimestamp((time_ns + INDIA_NS) // SECOND_NS, UTC)).date()


def indian_midnight(day: date) -> int:
    """The moment a day begins in India."""
    return (day - _EPOCH).days * DAY_NS - INDIA_NS


class TradingDay(msgspec.Struct, frozen=True):
    """One day of trading: its sessions, each ``(start_ns, end_ns)``, cut into minutes that are counted through."""

    date: date
    sessions: tuple[tuple[int, int], ...]

    @property
    def number(self) -> int:
        """The day's number since the epoch."""
        return (self.date - _EPOCH).days

    @property
    def minutes(self) -> int:
        """How many minutes it has."""
        return sum(end - start for start, end in self.sessions) // MINUTE_NS

    def minute_at(self, time_ns: int) -> int | None:
        """The number of the minute that holds a moment; None outside the sessions."""
        before = 0
        for start, end in self.sessions:
            if start <= time_ns < end:
                return before + (time_ns - start) // MINUTE_NS
            before += (end - start) // MINUTE_NS
        return None

    def minutes_before(self, time_ns: int) -> int:
        """How many of its minutes open before a moment: the number of the first one that opens at it or later."""
        return sum(-(-(min(max(time_ns, start), end) - start) // MINUTE_NS) for start, end in self.sessions)

    def opens_at(self, minute: int) -> int:
        """The moment its minute of this number opens."""
        for start, end in self.sessions:
            length = (end - start) // MINUTE_NS
            if minute < length:
                return start + minute * MINUTE_NS
            minute -= length
        raise IndexError(f"{self.date} has no such minute")


class Hours:
    """The days an exchange trades, by its calendar."""

    def __init__(self, calendar: Calendar | None = None) -> None:
        self._calendar = calendar or Calendar.continuous()
        self._days: dict[date, TradingDay | None] = {}

    def day(self, on: date) -> TradingDay | None:
        """The trading day of a date; None when the exchange is closed."""
        if on not in self._days:
            day = self._calendar.day(on)
            sessions = () if day is None else tuple((session.start_ns, session.end_ns) for session in day.sessions)
            self._days[on] = TradingDay(on, sessions) if sessions else None
        return self._days[on]

    def day_from(self, time_ns: int) -> TradingDay | None:
        """The first trading day that ends after a moment; None when none is near."""
        days = self._search(indian_date(time_ns), ahead=1)
        return next((day for day in days if day.sessions[-1][1] > time_ns), None)

    def day_upto(self, time_ns: int) -> TradingDay | None:
        """The last trading day that begins at or before a moment; None when none is near."""
        days = self._search(indian_date(time_ns), ahead=-1)
        return next((day for day in days if day.sessions[0][0] <= time_ns), None)

    def day_before(self, day: TradingDay) -> TradingDay | None:
        """The trading day before another; None when none is near."""
        return next(self._search(day.date - timedelta(days=1), ahead=-1), None)

    def _search(self, start: date, *, ahead: int) -> Iterator[TradingDay]:
        for offset in range(_SEARCH_DAYS):
            if day := self.day(start + timedelta(days=ahead * offset)):
                yield day

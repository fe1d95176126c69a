"""Time to expiry: counted to the minute in which the exchange closes on the day of expiry, as prices count it."""

from datetime import date, timedelta
from typing import Final

from engine.market.calendar import Calendar
from engine.market.errors import CalendarError

YEAR_NS: Final = 365 * 86_400 * 1_000_000_000
_LONGEST_BREAK: Final = timedelta(days=31)


def expires_ns(calendar: Calendar, expiry: date) -> int:
    """When the exchange closes on the day of expiry, ns UTC; where it does not open that day, on the last one before it.

    Exchanges move an expiry to the day before a holiday, also one that is declared when contracts are listed already.
    Raises ``CalendarError`` where the exchange had not opened for a month.
    """
    days = list(calendar.trading_days(_break_before(expiry), expiry))
    if not days:
        raise CalendarError(f"{calendar.code} does not open in the month before {expiry}, when options expire")
    return days[-1].end_ns


def trading_day_before(calendar: Calendar, day: date) -> date | None:
    """The last trading day before a date; None where the exchange had not opened for a month."""
    return max((one.date for one in calendar.trading_days(_break_before(day), day) if one.date < day), default=None)


def _break_before(day: date) -> date:
    return max(day, date.min + _LONGEST_BREAK) - _LONGEST_BREAK


def priced_ns(calendar: Calendar, now_ns: int) -> int:
    """The instant that the newest prices are of: now while the exchange trades, else when it last closed.

    Overnight prices stand still; a time to expiry that runs on against them would show volatility that nobody paid.
    """
    if calendar.is_open(now_ns):
        return now_ns
    session = calendar.previous_session(now_ns)
    return now_ns if session is None else session.end_ns


def years_between(now_ns: int, end_ns: int) -> float:
    """In years of 365 days; 0 when it is over."""
    return max(end_ns - now_ns, 0) / YEAR_NS

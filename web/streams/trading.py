"""Trading: whether the markets of some instruments trade now, and when one of them does next."""

from collections.abc import Iterable, Iterator

from engine.market.calendar import Calendar
from web.directory import Directory


def trades_now(directory: Directory, instruments: Iterable[str], now_ns: int) -> bool:
    """Whether one of their markets is within its trading day, from the call auction on, pauses included."""
    calendars = _calendars(directory, instruments)
    return any(calendar is None or _is_within_day(calendar, now_ns) for calendar in calendars)


def opens_ns(directory: Directory, instruments: Iterable[str], now_ns: int) -> int | None:
    """When the first of their markets opens again; None where none does."""
    calendars = [calendar for calendar in _calendars(directory, instruments) if calendar is not None]
    sessions = [calendar.next_session(now_ns) for calendar in calendars]
    return min((session.start_ns for session in sessions if session is not None), default=None)


def _is_within_day(calendar: Calendar, now_ns: int) -> bool:
    day = calendar.trading_day(now_ns)
    return day is not None and day.attended_ns <= now_ns < day.end_ns


def _calendars(directory: Directory, instruments: Iterable[str]) -> Iterator[Calendar | None]:
    """One an exchange; None for one that has none: nobody can say that it is closed."""
    exchanges = {instrument.partition(":")[0] for instrument in instruments}
    for exchange in sorted(exchanges):
        try:
            yield directory.calendar(f"{exchange}:")
        except LookupError:
            yield None

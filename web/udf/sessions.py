"""Sessions: an exchange's hours in the strings of the charting library.

``0915-1530:23456`` is Monday to Friday (Sunday is 1); several stretches of a day are parted by commas, days that differ
by bars. A stretch whose begin is not before its end begins on the day before. Holidays and days with other hours than
the week's are listed by their dates.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final, NamedTuple

from engine.market.calendar import Calendar
from engine.market.hours import DayHours

AROUND_THE_CLOCK: Final = "24x7"
TOLD: Final = timedelta(days=366)
"""So far back and ahead days that differ are listed: the chart's window, and what is known of the future."""
_DAY: Final = timedelta(days=1)


class SessionStrings(NamedTuple):
    """What a symbol says of its hours."""

    session: str
    holidays: str
    """``20261225,20270126``"""
    corrections: str
    """``1800-1900:20261108;0915-1200:20261109,20261110``"""


def session_strings(calendar: Calendar, today: date) -> SessionStrings:
    """The week that holds today, and all days around today that differ from it."""
    schedule = calendar.schedule
    if schedule.is_continuous:
        return SessionStrings(AROUND_THE_CLOCK, "", "")
    week = next((week for since, week in schedule.weeks if since <= today), schedule.weeks[-1][1])
    holidays: list[str] = []
    corrections: dict[str, list[str]] = {}
    for day in _days(max(today - TOLD, schedule.valid_from), min(today + TOLD, schedule.valid_through)):
        usual, hours = _stretches(week[day.weekday()]), _stretches(schedule.hours_on(day))
        if hours == usual:
            continue
        if hours:
            corrections.setdefault(hours, []).append(f"{day:%Y%m%d}")
        else:
            holidays.append(f"{day:%Y%m%d}")
    told = ";".join(f"{hours}:{','.join(days)}" for hours, days in sorted(corrections.items()))
    return SessionStrings(_week(week), ",".join(holidays), told)


def _days(first: date, last: date) -> Iterable[date]:
    return (date.fromordinal(ordinal) for ordinal in range(first.toordinal(), last.toordinal() + 1))


def _week(week: Iterable[DayHours]) -> str:
    days: dict[str, str] = {}
    for number, hours in enumerate(week):
        stretches = _stretches(hours)
        if stretches:
            days[stretches] = days.get(stretches, "") + str((number + 1) % 7 + 1)
    return "|".join(f"{stretches}:{numbers}" for stretches, numbers in days.items())


def _stretches(hours: DayHours) -> str:
    return ",".join(f"{_wall(span.open_s)}-{_wall(span.close_s)}" for span in hours.sessions)


def _wall(second: int) -> str:
    """``0915``; what lies before midnight is of the day before, as its being later than the end tells."""
    minutes = second // 60
    return f"{minutes // 60 % 24:02}{minutes % 60:02}"

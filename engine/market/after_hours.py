"""After hours: which trading days are to be worked through, and what is to be done about the next one. Pure."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from engine.market.calendar import Calendar, TradingDay

MOST_DAYS: Final = 10
"""Missed days that are made up for; what was before them an operator asks for by name."""
SPAN: Final = timedelta(days=30)
"""No exchange is closed for longer in one go."""
REPORT_TIME: Final = time(21)
"""On the exchange's wall: NSE lays the full report of a day down in the evening, after the day was worked through."""
_DAY: Final = timedelta(days=1)
_SECOND_NS: Final = 1_000_000_000
UNFINISHED: Final = ("waiting", "running", "paused")


def days_over(calendar: Calendar, done_ns: int, now_ns: int, after_ns: int) -> list[TradingDay]:
    """The trading days since ``done_ns`` that were over ``after_ns`` ago, the oldest first; of a first start the last one.

    Of them the last MOST_DAYS are made up for.
    """
    today = calendar.local_date(now_ns)
    first = calendar.local_date(done_ns) if done_ns else today - SPAN
    over = [day for day in calendar.trading_days(first, today) if done_ns < day.end_ns <= now_ns - after_ns]
    return over if done_ns else over[-1:]


def day_before(calendar: Calendar, day: date) -> TradingDay | None:
    """The trading day before a date."""
    before = list(calendar.trading_days(day - SPAN, day - _DAY))
    return before[-1] if before else None


def reported_day(calendar: Calendar, now_ns: int) -> TradingDay | None:
    """The last trading day on which the evening has come, so that its report should be there."""
    today = calendar.local_date(now_ns)
    evenings = (
        (datetime.combine(day.date, REPORT_TIME, calendar.zone), day)
        for day in calendar.trading_days(today - SPAN, today)
    )
    over = [day for evening, day in evenings if int(evening.timestamp()) * _SECOND_NS <= now_ns]
    return over[-1] if over else None


def midnights_ns(calendar: Calendar, first: date, last: date) -> tuple[int, int]:
    """The exchange's midnights that two dates begin and end with."""
    starts = (datetime.combine(day, time(), calendar.zone) for day in (first, last + _DAY))
    start, end = (int(moment.timestamp()) * _SECOND_NS for moment in starts)
    return start, end


class DayJob(msgspec.Struct, frozen=True):
    """A job that works through one exchange's day, or a portion of its instruments."""

    id: str
    status: str
    exchange: str
    date: date
    after: str = ""
    """The last instrument of the portion before it; empty: it has the first."""
    until: str = ""
    """Its own last instrument, where the exchange has more; empty: none are left."""


class Step(StrEnum):
    """What is to be done about a day."""

    BEGIN = "begin"
    RETRY = "retry"
    WAIT = "wait"
    DONE = "done"


class Next(NamedTuple):
    """What is to be done next about a day: of which job, or after which instrument with a new one."""

    step: Step
    job: str = ""
    after: str = ""


def next_step(jobs: Sequence[DayJob], exchange: str, day: date) -> Next:
    """What a day needs next; ``jobs`` with the newest first. Portions come one after the other.

    What an operator cancels is not begun again: the day after covers it once more.
    """
    of_day = [job for job in jobs if (job.exchange, job.date) == (exchange, day)]
    after = ""
    while True:
        place = next((place for place, job in enumerate(of_day) if job.after == after), None)
        if place is None:
            return Next(Step.BEGIN, after=after)
        newest = of_day[place]
        if newest.status in UNFINISHED:
            return Next(Step.WAIT, newest.id)
        if newest.status == "failed":
            return Next(Step.RETRY, newest.id)
        if newest.status == "cancelled" or not newest.until:
            return Next(Step.DONE, newest.id)
        after, of_day = newest.until, of_day[:place]  # a day that is done again has its other portions done again


def unended(jobs: Sequence[DayJob], exchange: str) -> list[date]:
    """The days of which a portion was done and the next was not begun; who asked for the first wanted all of them."""
    days = sorted({job.date for job in jobs if job.exchange == exchange and job.until})
    following = {day: next_step(jobs, exchange, day) for day in days}
    return [day for day, found in following.items() if found.step is Step.BEGIN and found.after]

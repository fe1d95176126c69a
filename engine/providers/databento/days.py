"""Days made of shorter bars: Databento's own begin at midnight in London, in the middle of Chicago's session."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Final

import msgspec

from engine.market.calendar import Calendar, Session
from engine.market.candle import Candle

_SECOND: Final = 1_000_000_000
_HOUR: Final = 3_600 * _SECOND

Ask = Callable[[str, int, int], Awaitable[list[Candle]]]
"""The candles of a timeframe in a range."""


async def made_days(calendar: Calendar, first: date, last: date, ask: Ask) -> list[Candle]:
    """The days ``first`` to ``last``, made of hours where all sessions open and close on the hour, else of minutes."""
    sessions = calendar.sessions(first, last)
    if not sessions:
        return []
    parts = "1h" if all(_is_whole_hours(session) for session in sessions) else "1m"
    return _session_days(await ask(parts, sessions[0].start_ns, sessions[-1].end_ns), calendar)


def _session_days(bars: Iterable[Candle], calendar: Calendar) -> list[Candle]:
    """The daily candles of bars in their order, each at its exchange's midnight; what is outside a session is no part."""
    traded = [(session.date, bar) for bar in bars if (session := calendar.session_at(bar.time)) is not None]
    return [
        _merged(midnight_ns(day, calendar), [bar for _, bar in members])
        for day, members in groupby(traded, key=lambda pair: pair[0])
    ]


def _is_whole_hours(session: Session) -> bool:
    """Whether it opens and closes on the hour in London, where hourly bars begin and end."""
    return session.start_ns % _HOUR == session.end_ns % _HOUR == 0


def midnight_ns(day: date, calendar: Calendar) -> int:
    """When a date begins on the exchange's wall."""
    return int(datetime(day.year, day.month, day.day, tzinfo=calendar.zone).timestamp()) * _SECOND


def dates_between(start_ns: int, end_ns: int, calendar: Calendar) -> tuple[date, date] | None:
    """The first and the last date that begin in ``[start_ns, end_ns)`` on the exchange's wall."""
    first, last = calendar.local_date(start_ns), calendar.local_date(end_ns - 1)
    if midnight_ns(first, calendar) < start_ns:
        first += timedelta(days=1)
    return (first, last) if first <= last and start_ns < end_ns else None


def _merged(time_ns: int, parts: list[Candle]) -> Candle:
    return msgspec.structs.replace(
        parts[0],
        timeframe="1d",
        time=time_ns,
        high=max(part.high for part in parts),
        low=min(part.low for part in parts),
        close=parts[-1].close,
        volume=sum(part.volume for part in parts),
    )

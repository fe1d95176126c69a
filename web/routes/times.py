"""Times as callers write them: dates are the exchange's, and a range includes both its ends."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from web.errors import ApiError

_US_NS = 1_000
_EARLIEST = date(1970, 1, 2)
_LATEST = date(2262, 1, 1)


class Range(msgspec.Struct, frozen=True):
    """A stretch of time, ``[start_ns, end_ns)`` in nanoseconds UTC."""

    start_ns: int
    end_ns: int


Names = tuple[str, str]
NAMES: Names = ("start_date", "end_date")
"""How callers write the two ends, unless a route says otherwise."""


def range_of(
    start: str | None, end: str | None, zone: ZoneInfo, today: date, length: timedelta, *, names: Names = NAMES
) -> Range:
    """From ``start`` to ``end``; without an end until today, without a start ``length`` before the end's day."""
    end_day, end_ns = (today, _after(today, zone)) if not end else _end(names[1], end, zone)
    start_ns = _midnight(end_day - length, zone) if not start else _start(names[0], start, zone)
    if start_ns >= end_ns:
        raise ApiError(400, f"{names[0]} {start} is after {names[1]} {end or today}")
    return Range(start_ns, end_ns)


def instant_of(name: str, text: str, zone: ZoneInfo) -> int:
    """The last nanosecond that a caller means by a time or, when it is a date, by that day at the exchange."""
    return _end(name, text, zone)[1] - 1


def days_of_range(of: Range, zone: ZoneInfo) -> tuple[date, date]:
    """The first and the last date that a range touches."""
    return _local(of.start_ns, zone).date(), _local(of.end_ns - 1, zone).date()


def _start(name: str, text: str, zone: ZoneInfo) -> int:
    moment = _parse(name, text)
    return _midnight(moment, zone) if not isinstance(moment, datetime) else _nanoseconds(moment, zone)


def _end(name: str, text: str, zone: ZoneInfo) -> tuple[date, int]:
    moment = _parse(name, text)
    if not isinstance(moment, datetime):
        return moment, _after(moment, zone)
    end_ns = _nanoseconds(moment, zone)
    return _local(end_ns, zone).date(), end_ns + 1


def _parse(name: str, text: str) -> date:
    """A date, or a datetime when it has a time."""
    try:
        written = text.strip().replace(" ", "+", 1) if "T" in text else text.strip()  # a plus sign in an address
        moment = datetime.fromisoformat(written) if len(written) > len("2026-01-01") else date.fromisoformat(written)
    except ValueError as error:
        raise ApiError(
            400, f"{name} is a date as 2026-11-20 or a time as 2026-11-20T09:15:00Z, was {text[:40]!r}"
        ) from error
    day = moment.date() if isinstance(moment, datetime) else moment
    if not _EARLIEST <= day <= _LATEST:
        raise ApiError(400, f"{name} lies outside {_EARLIEST} to {_LATEST}")
    return moment


def _midnight(day: date, zone: ZoneInfo) -> int:
    return _nanoseconds(datetime.combine(day, time(), zone), zone)


def _after(day: date, zone: ZoneInfo) -> int:
    return _midnight(day + timedelta(days=1), zone)


def _nanoseconds(moment: datetime, zone: ZoneInfo) -> int:
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
    return round(aware.timestamp() * 1_000_000) * _US_NS


def _local(time_ns: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(time_ns // 1_000_000_000, zone)  # in floats, the last ns of a day is the next day

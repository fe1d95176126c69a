"""The schedule of an exchange as its calendar file writes it: weekly hours, holidays, special sessions."""

from collections.abc import Mapping
from datetime import date, time
from itertools import pairwise
from typing import Any, Self

import msgspec

from engine.market.errors import CalendarError

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY_S = 86_400


class Span(msgspec.Struct, frozen=True, gc=False):
    """Opening and closing in seconds of the wall clock after the date's midnight; negative: the evening before."""

    open_s: int
    close_s: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """The span written ``09:15-15:30``; ``17:00-16:00`` opens the evening before, ``00:00-24:00`` is a whole day."""
        opens, dash, closes = text.partition("-")
        if not dash:
            raise CalendarError(f"hours are written 09:15-15:30, not {text!r}")
        open_s, close_s = _seconds(opens), _seconds(closes)
        return cls(open_s - _DAY_S if open_s >= close_s else open_s, close_s)


def _seconds(text: str) -> int:
    hours, colon, minutes = text.strip().partition(":")
    if not (colon and hours.isdecimal() and minutes.isdecimal() and len(minutes) == 2):
        raise CalendarError(f"a time is written 09:15, not {text!r}")
    seconds = int(hours) * 3600 + int(minutes) * 60
    if int(minutes) > 59 or seconds > _DAY_S:
        raise CalendarError(f"there is no time {text!r}")
    return seconds


def _span(opens: time, closes: time) -> Span:
    return Span.parse(f"{opens:%H:%M}-{closes:%H:%M}")


class DayHours(msgspec.Struct, frozen=True):
    """When an exchange trades on one date; no sessions: it stays closed."""

    sessions: tuple[Span, ...] = ()
    pre_open: Span | None = None
    name: str = ""
    provisional: bool = False


CLOSED = DayHours()


class _Special(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    date: date
    sessions: list[str]
    name: str
    pre_open: str | None = None
    provisional: bool = False

    def hours(self) -> DayHours:
        return _day_hours(self.sessions, self.pre_open, self.name, provisional=self.provisional)


class _WeeklyHours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    since: date = date.min
    pre_open: str | None = None
    monday: list[str] = []
    tuesday: list[str] = []
    wednesday: list[str] = []
    thursday: list[str] = []
    friday: list[str] = []
    saturday: list[str] = []
    sunday: list[str] = []

    def week(self) -> tuple[DayHours, ...]:
        return tuple(_day_hours(getattr(self, weekday), self.pre_open) for weekday in _WEEKDAYS)


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    code: str
    name: str
    timezone: str
    country: str
    currency: str
    valid_from: date
    valid_through: date
    hours: _WeeklyHours
    version: str = ""
    sources: list[str] = []
    hours_change: list[_WeeklyHours] = []
    holidays: dict[date, str] = {}
    special: list[_Special] = []


def _day_hours(sessions: list[str], pre_open: str | None, name: str = "", *, provisional: bool = False) -> DayHours:
    spans = tuple(Span.parse(text) for text in sessions)
    if any(later.open_s < earlier.close_s for earlier, later in pairwise(spans)):
        raise CalendarError(f"sessions overlap or are out of order: {', '.join(sessions)}")
    auction = Span.parse(pre_open) if pre_open and spans else None
    return DayHours(spans, auction, name, provisional)


class Schedule(msgspec.Struct, frozen=True):
    """Everything a calendar file says about an exchange."""

    code: str
    name: str
    timezone: str
    country: str
    currency: str
    valid_from: date
    valid_through: date
    weeks: tuple[tuple[date, tuple[DayHours, ...]], ...]
    """Weekly hours, Monday first, with the date from which they hold; the newest first."""
    holidays: Mapping[date, str]
    special: Mapping[date, DayHours]
    version: str = ""
    """The day on which the file's facts were last gone over."""
    sources: tuple[str, ...] = ()
    """Where they come from, in words."""

    @classmethod
    def parse(cls, mapping: Mapping[str, Any]) -> Self:
        """The schedule a calendar file describes; a CalendarError says which line is wrong."""
        try:
            file = msgspec.convert(mapping, _File, strict=False)
        except msgspec.ValidationError as error:
            raise CalendarError(f"{mapping.get('code', 'without a code')}: {error}") from error
        return cls(
            code=file.code,
            name=file.name,
            timezone=file.timezone,
            country=file.country,
            currency=file.currency,
            valid_from=file.valid_from,
            valid_through=file.valid_through,
            weeks=_weeks([file.hours, *file.hours_change]),
            holidays=file.holidays,
            special={special.date: special.hours() for special in file.special},
            version=file.version,
            sources=tuple(file.sources),
        )

    @classmethod
    def continuous(cls, code: str, timezone: str) -> Self:
        """An exchange that trades from midnight to midnight, every day, for ever."""
        week = (DayHours((Span(0, _DAY_S),)),) * 7
        return cls(code, code, timezone, "", "", date.min, date.max, ((date.min, week),), {}, {})

    @classmethod
    def weekly(cls, code: str, timezone: str, hours: tuple[time, time] | None) -> Self:
        """An exchange of which only opening and close are known: so from Monday to Friday, and no day is known for certain.

        One that closes before it opens does so on the next day; without hours it may trade at any time.
        """
        day = DayHours((Span(0, _DAY_S),)) if hours is None else DayHours((_span(*hours),))
        week = (day,) * 7 if hours is None else (day,) * 5 + (CLOSED,) * 2
        return cls(code, code, timezone, "", "", date.max, date.min, ((date.min, week),), {}, {})

    @property
    def is_continuous(self) -> bool:
        """Whether it never closes."""
        return all(hours.sessions == (Span(0, _DAY_S),) for _, week in self.weeks for hours in week)

    def hours_on(self, day: date) -> DayHours:
        """The hours of one date: its special session, else nothing on a holiday, else the weekly hours."""
        if day in self.special:
            return self.special[day]
        if day in self.holidays:
            return CLOSED
        week = next((week for since, week in self.weeks if since <= day), None)
        return CLOSED if week is None else week[day.weekday()]


def _weeks(hours: list[_WeeklyHours]) -> tuple[tuple[date, tuple[DayHours, ...]], ...]:
    newest_first = sorted(hours, key=lambda weekly: weekly.since, reverse=True)
    return tuple((weekly.since, weekly.week()) for weekly in newest_first)

"""The exchange calendar: when an exchange trades, and the buckets its candles fall into."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from engine.market.errors import CalendarError
from engine.market.hours import DayHours, Schedule, Span
from engine.market.timeframe import DERIVED_TIMEFRAMES, TIMEFRAMES, length_s

_SECOND_NS = 1_000_000_000
_DAY = timedelta(days=1)
_SEARCH_DAYS = 400
_WARN_DAYS = 45
_MINUTES_KEPT = 1500
_DAYS_KEPT = 5_000
"""Requests may ask for any days, and a process lives long."""


class Session(msgspec.Struct, frozen=True, gc=False):
    """One uninterrupted stretch of trading, ``[start_ns, end_ns)``, that counts for the trading day ``date``."""

    start_ns: int
    end_ns: int
    date: date


class Bucket(msgspec.Struct, frozen=True, gc=False):
    """The stretch of time one candle covers, ``[start_ns, end_ns)``."""

    start_ns: int
    end_ns: int


class TradingDay(msgspec.Struct, frozen=True):
    """The sessions that count for one date, in order, and the call auction before them."""

    date: date
    sessions: tuple[Session, ...]
    pre_open: Session | None = None
    name: str = ""
    """What is special about the day; empty for an ordinary one."""
    provisional: bool = False
    """The hours were not published yet when the calendar was written."""

    @property
    def start_ns(self) -> int:
        return self.sessions[0].start_ns

    @property
    def end_ns(self) -> int:
        return self.sessions[-1].end_ns

    @property
    def attended_ns(self) -> int:
        """When the first print may come: with the call auction, where there is one."""
        return self.start_ns if self.pre_open is None else self.pre_open.start_ns


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise CalendarError(f"there is no time zone {name!r}") from error


def _ends(left: int) -> str:
    if left < 1:
        return "has ended" if left else "ends today"
    return f"ends in {left} days" if left > 1 else "ends tomorrow"


class Calendar:
    """Answers when one exchange trades. Pure: it holds the exchange's hours, never the time.

    Days and buckets asked for are kept, so that all instruments of an exchange share the same objects.
    Outside ``[valid_from, valid_through]`` the weekly hours go on without holidays, and ``covers`` is false: who trades
    then is recorded, and nobody is blamed for a candle missing.
    """

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self.code = schedule.code
        self.zone = _zone(schedule.timezone)
        self._days: dict[date, TradingDay | None] = {}
        self._session = Session(0, 0, date.min)
        self._buckets: dict[str, Bucket] = {timeframe: Bucket(0, 0) for timeframe in TIMEFRAMES}
        self._derived: dict[int, tuple[Bucket, ...]] = {}

    @classmethod
    def parse(cls, mapping: Mapping[str, Any]) -> Self:
        """The calendar a mapping describes, as ``config/calendars`` writes it."""
        return cls(Schedule.parse(mapping))

    @classmethod
    def continuous(cls, zone: str = "Asia/Kolkata", code: str = "24H") -> Self:
        """An exchange that never closes: one session a day, from local midnight to local midnight."""
        return cls(Schedule.continuous(code, zone))

    @classmethod
    def weekly(cls, zone: str, code: str, hours: tuple[time, time] | None) -> Self:
        """An exchange of which only opening and close are known, or not even these: no day of it is covered."""
        return cls(Schedule.weekly(code, zone, hours))

    @property
    def is_assumed(self) -> bool:
        """Whether no day is known: there is no calendar, only hours to go by."""
        return self.schedule.valid_from > self.schedule.valid_through

    def covers(self, day: date) -> bool:
        """Whether holidays and special sessions of that day are known."""
        return self.schedule.valid_from <= day <= self.schedule.valid_through

    def knows(self, start_ns: int, end_ns: int) -> bool:
        """Whether holidays and special sessions of all dates in ``[start_ns, end_ns)`` are known."""
        ends = (start_ns, end_ns - 1) if start_ns < end_ns else ()
        return all(self.covers(self.session_date(ns)) for ns in ends)

    def days_left(self, today: date) -> int | None:
        """How many more days are known, negative when they have run out; None where they never do, or never were."""
        through = self.schedule.valid_through
        return None if through == date.max or self.is_assumed else (through - today).days

    def warning(self, today: date) -> str | None:
        """A sentence for the operator when the known holidays run out soon, or have."""
        if self.is_assumed:
            return f"The exchange {self.code} has no calendar: it is taken to trade by its hours alone, and nothing is called missing."
        left = self.days_left(today)
        if left is None or left > _WARN_DAYS:
            return None
        return f"The {self.code} calendar {_ends(left)} ({self.schedule.valid_through}): add the holidays that follow to it."

    def local_date(self, ns: int) -> date:
        """The date on the exchange's wall at that time."""
        return datetime.fromtimestamp(ns // _SECOND_NS, self.zone).date()

    def day(self, day: date) -> TradingDay | None:
        """The trading day of a date, or None when the exchange stays closed."""
        try:
            return self._days[day]
        except KeyError:
            if len(self._days) >= _DAYS_KEPT:
                self._days.clear()
            return self._days.setdefault(day, self._build(day))

    def _build(self, day: date) -> TradingDay | None:
        hours = self.schedule.hours_on(day)
        if not hours.sessions:
            return None
        sessions = tuple(self._session_of(day, span) for span in hours.sessions)
        return TradingDay(day, sessions, self._pre_open(day, hours), hours.name, hours.provisional)

    def _pre_open(self, day: date, hours: DayHours) -> Session | None:
        return None if hours.pre_open is None else self._session_of(day, hours.pre_open)

    def _session_of(self, day: date, span: Span) -> Session:
        return Session(self._wall_ns(day, span.open_s), self._wall_ns(day, span.close_s), day)

    def _wall_ns(self, day: date, wall_s: int) -> int:
        # wall-clock arithmetic, then the zone: a session opens at 09:30 on the day the clocks change too
        local = datetime(day.year, day.month, day.day) + timedelta(seconds=wall_s)  # noqa: DTZ001
        return int(local.replace(tzinfo=self.zone).timestamp()) * _SECOND_NS

    def session_at(self, ns: int) -> Session | None:
        """The session that trades at that time."""
        last = self._session
        if last.start_ns <= ns < last.end_ns:
            return last
        for session in self._around(ns):
            if session.start_ns <= ns < session.end_ns:
                self._session = session
                return session
        return None

    def _around(self, ns: int) -> Iterator[Session]:
        today = self.local_date(ns)
        for day in (self.day(today), self.day(today + _DAY)):  # tomorrow's session may open this evening
            if day is not None:
                yield from day.sessions

    def is_open(self, ns: int) -> bool:
        """Whether the exchange trades at that time; the auction before the open does not count."""
        return self.session_at(ns) is not None

    def trading_day(self, ns: int) -> TradingDay | None:
        """The trading day a time belongs to: its session's, else the one of its local date; None on a holiday."""
        session = self.session_at(ns)
        return self.day(self.local_date(ns) if session is None else session.date)

    def session_date(self, ns: int) -> date:
        """The date a tick at that time counts for, also on a holiday: its session's, else the local one."""
        last = self._session
        if last.start_ns <= ns < last.end_ns:  # asked for every tick
            return last.date
        session = self.session_at(ns)
        return self.local_date(ns) if session is None else session.date

    def sessions(self, first: date, last: date) -> list[Session]:
        """All sessions of the trading days from ``first`` to ``last``, both included."""
        return [session for day in self.trading_days(first, last) for session in day.sessions]

    def sessions_between(self, start_ns: int, end_ns: int) -> Iterator[Session]:
        """The sessions that ``[start_ns, end_ns)`` touches, in order."""
        if start_ns >= end_ns:
            return
        for day in self.trading_days(self.local_date(start_ns) - _DAY, self.local_date(end_ns) + _DAY):
            for session in day.sessions:
                if session.start_ns < end_ns and session.end_ns > start_ns:
                    yield session

    def sessions_back(self, start_ns: int, end_ns: int) -> Iterator[Session]:
        """The same, the last one first."""
        if start_ns >= end_ns:
            return
        first, last = self.local_date(start_ns) - _DAY, self.local_date(end_ns) + _DAY
        for ordinal in range(last.toordinal(), first.toordinal() - 1, -1):
            day = self.day(date.fromordinal(ordinal))
            for session in reversed(day.sessions if day is not None else ()):
                if session.start_ns < end_ns and session.end_ns > start_ns:
                    yield session

    def trading_days(self, first: date, last: date) -> Iterator[TradingDay]:
        """The trading days from ``first`` to ``last``, both included."""
        for ordinal in range(first.toordinal(), last.toordinal() + 1):
            day = self.day(date.fromordinal(ordinal))
            if day is not None:
                yield day

    def next_session(self, ns: int) -> Session | None:
        """The first session that opens after that time."""
        today = self.local_date(ns)
        found = (s for s in self._search(today, 1) if s.start_ns > ns)
        return next(found, None)

    def previous_session(self, ns: int) -> Session | None:
        """The last session that had ended by that time."""
        today = self.local_date(ns)
        found = (s for s in self._search(today + _DAY, -1) if s.end_ns <= ns)
        return next(found, None)

    def day_ending_after(self, ns: int) -> TradingDay | None:
        """The first trading day that is not over at that time."""
        today = self.local_date(ns)
        days = (self.day(today + offset * _DAY) for offset in range(_SEARCH_DAYS))
        return next((day for day in days if day is not None and day.end_ns > ns), None)

    def _search(self, start: date, step: int) -> Iterator[Session]:
        for offset in range(_SEARCH_DAYS):
            day = self.day(start + offset * step * _DAY)
            if day is not None:
                yield from day.sessions[::step]

    def bucket(self, timeframe: str, ns: int) -> Bucket | None:
        """The bucket of that timeframe that contains the time; None when the exchange is closed.

        Buckets start with the session, so the last one may be short; a day spans all sessions of its date.
        """
        last = self._buckets[timeframe]
        if last.start_ns <= ns < last.end_ns:
            if timeframe == "1d" and self.session_at(ns) is None:
                return None
            return last
        session = self.session_at(ns)
        if session is None:
            return None
        bucket = self._buckets[timeframe] = self._bucket_in(session, timeframe, ns)
        return bucket

    def _bucket_in(self, session: Session, timeframe: str, ns: int) -> Bucket:
        if timeframe == "1d":
            return self._day_bucket(session)
        length = length_s(timeframe) * _SECOND_NS
        start = ns - (ns - session.start_ns) % length
        return Bucket(start, min(start + length, session.end_ns))

    def _day_bucket(self, session: Session) -> Bucket:
        day = self.day(session.date)
        assert day is not None
        return Bucket(day.start_ns, day.end_ns)

    def derived_buckets(self, ns: int) -> tuple[Bucket, ...]:
        """The buckets of all derived timeframes, in their order, that contain the minute starting then; () when closed."""
        known = self._derived.get(ns)
        if known is None:
            if len(self._derived) >= _MINUTES_KEPT:
                self._derived.clear()
            found = (self.bucket(timeframe, ns) for timeframe in DERIVED_TIMEFRAMES)
            known = self._derived[ns] = tuple(bucket for bucket in found if bucket is not None)
        return known

    def buckets(self, timeframe: str, start_ns: int, end_ns: int) -> Iterator[Bucket]:
        """The buckets that ``[start_ns, end_ns)`` touches, the partial ones at its edges included, in order."""
        if start_ns >= end_ns:
            return
        for day in self.trading_days(self.local_date(start_ns) - _DAY, self.local_date(end_ns) + _DAY):
            if day.start_ns < end_ns and day.end_ns > start_ns:
                yield from self._tile(day, timeframe, start_ns, end_ns)

    def _tile(self, day: TradingDay, timeframe: str, start_ns: int, end_ns: int) -> Iterator[Bucket]:
        """Only those that are touched are made: a minute's ledger is not worth three days' buckets."""
        if timeframe == "1d":
            yield Bucket(day.start_ns, day.end_ns)
            return
        length = length_s(timeframe) * _SECOND_NS
        for session in day.sessions:
            before = max(0, start_ns - session.start_ns) // length * length
            for start in range(session.start_ns + before, min(session.end_ns, end_ns), length):
                yield Bucket(start, min(start + length, session.end_ns))

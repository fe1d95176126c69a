"""The calendars of all exchanges an engine or a web process deals with, found by instrument."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, time
from typing import Any, Protocol

import msgspec

from engine.market.calendar import Calendar
from engine.market.errors import CalendarError

_SECOND_NS = 1_000_000_000
_FAR_NS = 31 * 86_400 * _SECOND_NS
"""Feed hours that touch each other are joined this far, no further: somebody looks again by then."""

FEED_LEAD_S = 900.0
"""A feed connects this long before the call auction: time to find out that the token is dead."""
FEED_TAIL_S = 1800.0
"""And stays this long after the close: the closing auction's prints count for the day."""


class FeedHours(msgspec.Struct, frozen=True, gc=False):
    """A stretch of time ``[start_ns, end_ns)`` in which a feed has to be connected."""

    start_ns: int
    end_ns: int

    def needed(self, ns: int) -> bool:
        """Whether the feed is needed at that time."""
        return self.start_ns <= ns < self.end_ns

    def changes_ns(self, ns: int) -> int:
        """When that changes next."""
        return self.end_ns if self.needed(ns) else self.start_ns


class MarketHours(Protocol):
    """What is known of an exchange beside its calendar."""

    @property
    def code(self) -> str: ...
    @property
    def timezone(self) -> str: ...
    @property
    def market_open_time(self) -> time | None: ...
    @property
    def market_close_time(self) -> time | None: ...
    @property
    def is_24_hours(self) -> bool: ...


class Calendars:
    """Makes each exchange's calendar once, when first asked for.

    ``load`` gives the mapping that describes an exchange by its code; ``continuous`` names the zone of exchanges that
    trade around the clock, as the simulated ones do.
    """

    def __init__(self, load: Callable[[str], Mapping[str, Any]], continuous: Mapping[str, str] | None = None) -> None:
        self._load = load
        self._continuous = dict(continuous or {})
        self._calendars: dict[str, Calendar] = {}
        self._hours: dict[str, MarketHours] = {}

    def learn(self, exchanges: Iterable[MarketHours]) -> None:
        """Takes note of exchanges: one that has no calendar goes by its hours. What has been made stays as it is."""
        for exchange in exchanges:
            self._hours[exchange.code] = exchange
            if exchange.is_24_hours:
                self._continuous.setdefault(exchange.code, exchange.timezone)

    def usable(self, instrument: str) -> bool:
        """Whether it is known when the instrument's exchange trades."""
        return self._known(instrument.partition(":")[0]) is not None

    def of(self, instrument: str) -> Calendar:
        """The calendar of the exchange in ``EXCHANGE:SYMBOL``."""
        return self.of_exchange(instrument.partition(":")[0])

    def of_exchange(self, code: str) -> Calendar:
        calendar = self._calendars.get(code)
        if calendar is None:
            calendar = self._calendars[code] = self._make(code)
        return calendar

    def any_open(self, ns: int) -> bool:
        """Whether one of the exchanges asked for so far trades at that time."""
        return any(calendar.is_open(ns) for calendar in self._calendars.values())

    def warnings(self, instruments: Iterable[str], today: date) -> list[str]:
        """A sentence for each exchange of these instruments that has no calendar, or whose holidays run out or have."""
        codes = sorted({instrument.partition(":")[0] for instrument in instruments})
        told = (self._warning(code, today) for code in codes)
        return [sentence for sentence in told if sentence is not None]

    def days_left(self, instruments: Iterable[str], today: date) -> dict[str, int]:
        """By exchange of these instruments: how many more days its calendar knows, negative when they have run out."""
        codes = {instrument.partition(":")[0] for instrument in instruments}
        known = {code: self._known(code) for code in sorted(codes)}
        left = {code: calendar.days_left(today) for code, calendar in known.items() if calendar is not None}
        return {code: days for code, days in left.items() if days is not None}

    def _known(self, code: str) -> Calendar | None:
        try:
            return self.of_exchange(code)
        except (LookupError, CalendarError):  # the warnings name it
            return None

    def _warning(self, code: str, today: date) -> str | None:
        try:
            return self.of_exchange(code).warning(today)
        except (
            LookupError,
            CalendarError,
        ) as error:  # one exchange without hours must not keep all others from being served
            return str(error)

    def feed_hours(
        self, exchanges: Iterable[str], ns: int, *, lead_s: float = FEED_LEAD_S, tail_s: float = FEED_TAIL_S
    ) -> FeedHours | None:
        """The stretch in which a feed of these exchanges is needed that holds the time, else the next one.

        From ``lead_s`` before the call auction, or the open, to ``tail_s`` after the close, pauses within a day
        included; what touches, also of different exchanges, is one stretch. None: no exchange opens again.
        """
        calendars = [self.of_exchange(code) for code in exchanges]
        lead_ns, tail_ns = int(lead_s * _SECOND_NS), int(tail_s * _SECOND_NS)
        hours = min(_ahead(calendars, ns, lead_ns, tail_ns), key=lambda hours: hours.start_ns, default=None)
        if hours is None:
            return None
        start_ns, end_ns = hours.start_ns, hours.end_ns
        while end_ns - ns < _FAR_NS:
            following = _ahead(calendars, end_ns, lead_ns, tail_ns)
            further_ns = max((one.end_ns for one in following if one.start_ns <= end_ns), default=end_ns)
            if further_ns == end_ns:
                break
            end_ns = further_ns
        return FeedHours(start_ns, end_ns)

    def _make(self, code: str) -> Calendar:
        zone = self._continuous.get(code)
        if zone is not None:
            return Calendar.continuous(zone, code)
        try:
            return Calendar.parse(self._load(code))
        except LookupError:
            if code not in self._hours:
                raise
            return _assumed(self._hours[code])


def _assumed(exchange: MarketHours) -> Calendar:
    opens, closes = exchange.market_open_time, exchange.market_close_time
    hours = None if opens is None or closes is None else (opens, closes)
    return Calendar.weekly(exchange.timezone, exchange.code, hours)


def _ahead(calendars: list[Calendar], ns: int, lead_ns: int, tail_ns: int) -> list[FeedHours]:
    """Each exchange's first stretch that is not over at that time."""
    found = (calendar.day_ending_after(ns - tail_ns) for calendar in calendars)
    return [FeedHours(day.attended_ns - lead_ns, day.end_ns + tail_ns) for day in found if day is not None]


def day_start_ns(calendar: Calendar, ns: int) -> int:
    """The first open of the trading day that a time belongs to; of the last one before it when none does."""
    day = calendar.trading_day(ns)
    if day is not None and day.start_ns <= ns:
        return day.start_ns
    session = calendar.previous_session(ns)
    if session is None:
        return ns
    previous = calendar.day(session.date)
    return session.start_ns if previous is None else previous.start_ns

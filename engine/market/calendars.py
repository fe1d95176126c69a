"""The calendars of all exchanges an engine or a web process deals with, found by instrument."""

from collections.abc import Callable, Mapping
from typing import Any

from engine.market.calendar import Calendar


class Calendars:
    """Makes each exchange's calendar once, when first asked for.

    ``load`` gives the mapping that describes an exchange by its code; ``continuous`` names the zone of exchanges that
    trade around the clock, as the simulated ones do.
    """

    def __init__(self, load: Callable[[str], Mapping[str, Any]], continuous: Mapping[str, str] | None = None) -> None:
        self._load = load
        self._continuous = dict(continuous or {})
        self._calendars: dict[str, Calendar] = {}

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

    def _make(self, code: str) -> Calendar:
        zone = self._continuous.get(code)
        return Calendar.parse(self._load(code)) if zone is None else Calendar.continuous(zone, code)


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

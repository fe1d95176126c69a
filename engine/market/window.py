"""The window: how far back charts reach, and which candles of a provider it takes to fill it."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import Final

import msgspec

from engine.market.calendar import Calendar, TradingDay
from engine.market.timeframe import TIMEFRAMES, length_s

MOST_BARS: Final = {"1m": 100_000, "5m": 50_000, "15m": 35_000, "30m": 17_520, "1h": 8_760, "4h": 2_200, "1d": 365}
"""Of each timeframe, however often an exchange trades."""
DAYS: Final = 365

_SECOND_NS: Final = 1_000_000_000
_DAY: Final = timedelta(days=1)


class Stretch(msgspec.Struct, frozen=True):
    """Whole trading days for which a provider's candles of ``timeframe`` fill ``makes``, itself among them."""

    timeframe: str
    start_ns: int
    end_ns: int
    makes: tuple[str, ...]


def window_start_ns(calendar: Calendar, timeframe: str, now_ns: int) -> int:
    """The open of the oldest trading day in the window: at most 365 days and ``MOST_BARS`` ago, today's counted."""
    today = calendar.local_date(now_ns)
    start_ns, bars = now_ns, 0
    for day in _days_back(calendar, today + _DAY, DAYS + 2):
        if day.start_ns > now_ns:
            continue  # tomorrow's session opens this evening at the earliest
        bars += bars_in(day, timeframe)
        if bars > MOST_BARS[timeframe] or day.date <= today - timedelta(days=DAYS):
            break
        start_ns = min(start_ns, day.start_ns)
    return start_ns


def stretches(
    calendar: Calendar, offers: Sequence[str], oldest_ns: Callable[[str], int], now_ns: int, end_ns: int
) -> list[Stretch]:
    """What has to be asked of a provider to fill the window up to ``end_ns``, the longest candles first.

    Of every time its shortest candles are asked for, because all longer ones are made of them and so agree with each
    other: longer ones only where shorter ones do not reach. Days are the exchange's own word and asked for as they are.
    """
    found: list[Stretch] = []
    upto_ns = end_ns
    for timeframe in offers:
        start_ns = _within(calendar, max(window_start_ns(calendar, timeframe, now_ns), oldest_ns(timeframe)))
        if timeframe == "1d":
            found.append(Stretch(timeframe, start_ns, end_ns, (timeframe,)))
        elif start_ns < upto_ns:
            makes = tuple(one for one in TIMEFRAMES[TIMEFRAMES.index(timeframe) : -1] if _divides(timeframe, one))
            found.append(Stretch(timeframe, start_ns, upto_ns, makes))
            upto_ns = start_ns
    return [stretch for stretch in reversed(found) if stretch.start_ns < stretch.end_ns]


def _within(calendar: Calendar, ns: int) -> int:
    """The first trading day that begins at that time or later: a day that is known in part only can not be filled."""
    day = calendar.local_date(ns)
    for offset in range(DAYS):
        found = calendar.day(day + offset * _DAY)
        if found is not None and found.start_ns >= ns:
            return found.start_ns
    return ns


def _days_back(calendar: Calendar, newest: date, count: int) -> Iterator[TradingDay]:
    for offset in range(count):
        day = calendar.day(newest - offset * _DAY)
        if day is not None:
            yield day


def bars_in(day: TradingDay, timeframe: str) -> int:
    """How many buckets a trading day has."""
    if timeframe == "1d":
        return 1
    length_ns = length_s(timeframe) * _SECOND_NS
    return sum(-(-(session.end_ns - session.start_ns) // length_ns) for session in day.sessions)


def _divides(timeframe: str, longer: str) -> bool:
    return length_s(longer) % length_s(timeframe) == 0

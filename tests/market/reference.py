"""The oracle: candles computed from plain lists of all ticks at once, by another road than the book's."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from engine.market import DERIVED_TIMEFRAMES, Calendar, Tick, length_s
from tests.market.builders import MINUTE, SECOND

Numbers = tuple[float, float, float, float, int]
Bars = dict[int, Numbers]


def minutes_of(ticks: Sequence[Tick], calendar: Calendar, base: int) -> Bars:
    """One-minute bars of ticks in order of time, whose running total was ``base`` before the first."""
    bars: Bars = {}
    total = base
    for start, group in groupby(ticks, key=lambda tick: tick.ts_event // MINUTE * MINUTE):
        of_minute = list(group)
        last = max(tick.volume or 0 for tick in of_minute)
        if calendar.is_open(start):
            prices = [tick.price for tick in of_minute]
            bars[start] = (prices[0], max(prices), min(prices), prices[-1], last - total)
        total = last
    return bars


def derived_of(minutes: Bars, calendar: Calendar, timeframe: str) -> Bars:
    """Longer bars of minutes, by dividing the time since each session's opening."""
    groups: dict[int, list[Numbers]] = {}
    for start in sorted(minutes):
        session = calendar.session_at(start)
        assert session is not None
        day = calendar.day(session.date)
        assert day is not None
        length = length_s(timeframe) * SECOND
        aligned = session.start_ns + (start - session.start_ns) // length * length
        groups.setdefault(day.sessions[0].start_ns if timeframe == "1d" else aligned, []).append(minutes[start])
    return {start: joined(bars) for start, bars in groups.items()}


def joined(bars: Iterable[Numbers]) -> Numbers:
    opens, highs, lows, closes, volumes = zip(*bars, strict=True)
    return opens[0], max(highs), min(lows), closes[-1], sum(volumes)


def all_bars(ticks: Sequence[Tick], calendar: Calendar, base: int) -> dict[str, Bars]:
    """The bars of every timeframe."""
    minutes = minutes_of(ticks, calendar, base)
    return {"1m": minutes} | {name: derived_of(minutes, calendar, name) for name in DERIVED_TIMEFRAMES}

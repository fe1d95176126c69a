"""The report of a day: what an exchange's instruments did together, out of each one's statistics."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date

import msgspec

from engine.market.statistics import DayStatistics

SHOWN = 10
"""Instruments in each list."""
SPLIT_DOUBT_PERCENT = 40.0
"""A share that moves by more in a day was rather split, or its bonus shares came: exchanges let few trade so far."""


class ReportRow(DayStatistics, frozen=True, kw_only=True):
    """One instrument's statistics with what else its day's row says."""

    high: float
    low: float
    delivery_percentage: float | None = None
    """Of what traded, in percent."""
    source: str = ""
    """Whose word the day's bar is; it ends in ``/official`` where it is the exchange's own."""
    is_doubtful: bool = False
    """A share that moved by more than SPLIT_DOUBT_PERCENT, and no split or bonus of that day is known."""


class Breadth(msgspec.Struct, frozen=True):
    """How many rose and fell against the close before; those whose close before is not held are in neither."""

    advances: int
    declines: int
    unchanged: int
    ratio: float | None
    """Advances for each decline; None where nothing fell."""
    new_highs: int
    """Whose high is the highest of a year; only of those that are held for one."""
    new_lows: int
    counted_highs: int
    """Of how many a year is held."""


class Mover(msgspec.Struct, frozen=True):
    """An instrument in a list, with the figure it stands there for."""

    instrument: str
    close: float
    value: float


class DayReport(msgspec.Struct, frozen=True):
    """One exchange's day, of instruments of one kind."""

    exchange: str
    kind: str
    date: date
    instruments: int
    official: int
    """Of how many the day's bar is the exchange's own."""
    minutes: int
    """That traded, of all instruments together."""
    minutes_expected: int
    """In the sessions; minutes in which nobody traded are among them."""
    breadth: Breadth
    volatility: float | None
    """The median of realised volatilities, in percent a year."""
    delivery_reported: int
    """Of how many the exchange's delivery percentage is known; 0 before its report is there."""
    perhaps_split: tuple[Mover, ...]
    """Shares whose return is so large that a split or bonus may be lacking: by return, in percent, the farthest first."""
    gainers: tuple[Mover, ...]
    """By return against the close before, in percent."""
    losers: tuple[Mover, ...]
    busiest: tuple[Mover, ...]
    """By volume as a multiple of the average of 20 days."""
    delivered: tuple[Mover, ...]
    """By delivery percentage."""
    built: tuple[Mover, ...]
    """By change of open interest, the greatest first."""
    unwound: tuple[Mover, ...]
    """By change of open interest, the most negative first."""


def day_report(exchange: str, kind: str, day: date, rows: Sequence[ReportRow]) -> DayReport:
    """The report of a day out of the statistics of its instruments."""
    return DayReport(
        exchange=exchange,
        kind=kind,
        date=day,
        instruments=len(rows),
        official=sum(row.source.endswith("/official") for row in rows),
        minutes=sum(row.minutes for row in rows),
        minutes_expected=sum(row.minutes_expected for row in rows),
        breadth=breadth(rows),
        volatility=_median(row.realised_volatility for row in rows),
        delivery_reported=sum(row.delivery_percentage is not None for row in rows),
        perhaps_split=_perhaps_split(rows),
        gainers=_most(rows, lambda row: row.return_1d),
        losers=_least(rows, lambda row: row.return_1d),
        busiest=_most(rows, lambda row: row.relative_volume),
        delivered=_most(rows, lambda row: row.delivery_percentage),
        built=_most(rows, lambda row: row.oi_change),
        unwound=_least(rows, lambda row: row.oi_change),
    )


def breadth(rows: Sequence[ReportRow]) -> Breadth:
    """Counts over the instruments of a day."""
    returns = [row.return_1d for row in rows if row.return_1d is not None]
    advances, declines = sum(one > 0 for one in returns), sum(one < 0 for one in returns)
    aged = [row for row in rows if row.return_252d is not None]
    return Breadth(
        advances=advances,
        declines=declines,
        unchanged=len(returns) - advances - declines,
        ratio=advances / declines if declines else None,
        new_highs=sum(row.high_52w is not None and row.high >= row.high_52w for row in aged),
        new_lows=sum(row.low_52w is not None and row.low <= row.low_52w for row in aged),
        counted_highs=len(aged),
    )


_Figure = Callable[[ReportRow], float | None]


def _most(rows: Iterable[ReportRow], figure: _Figure) -> tuple[Mover, ...]:
    """The instruments with the greatest figures above 0; of equals in the order of their names."""
    told = [(found, row) for row in rows if (found := figure(row)) is not None and found > 0]
    told.sort(key=lambda one: (-one[0], one[1].instrument))
    return tuple(Mover(row.instrument, row.close, found) for found, row in told[:SHOWN])


def _least(rows: Iterable[ReportRow], figure: _Figure) -> tuple[Mover, ...]:
    """The same of the most negative ones."""
    told = [(found, row) for row in rows if (found := figure(row)) is not None and found < 0]
    told.sort(key=lambda one: (one[0], one[1].instrument))
    return tuple(Mover(row.instrument, row.close, found) for found, row in told[:SHOWN])


def _perhaps_split(rows: Iterable[ReportRow]) -> tuple[Mover, ...]:
    told = [(row.return_1d, row) for row in rows if row.is_doubtful and row.return_1d is not None]
    told.sort(key=lambda one: (-abs(one[0]), one[1].instrument))
    return tuple(Mover(row.instrument, row.close, found) for found, row in told[:SHOWN])


def _median(figures: Iterable[float | None]) -> float | None:
    known = sorted(one for one in figures if one is not None)
    middle = len(known) // 2
    if not known:
        return None
    return known[middle] if len(known) % 2 else (known[middle - 1] + known[middle]) / 2

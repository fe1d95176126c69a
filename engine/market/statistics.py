"""The statistics of a day: what is worked out of an instrument's candles when the day is over.

Percents are percents (1.5 is 1.5 %), prices are in the instrument's currency, volumes in units traded. What can not be
worked out is None, and ``reasons`` says why, by the figure's name.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.market.candle import Candle
from engine.market.volume_profile import volume_profile

YEAR_DAYS = 252
"""Trading days that count as a year."""
MONTH_DAYS = 21
ATR_DAYS = 14
AVERAGE_DAYS = 20
"""Before the day itself: what its volume is compared with."""

_RETURNS = {"return_1d": 1, "return_5d": 5, "return_21d": MONTH_DAYS, "return_252d": YEAR_DAYS}

Numbers = NDArray[np.float64]


class Days(msgspec.Struct, frozen=True):
    """Closed daily candles as columns, the oldest first."""

    dates: Sequence[date] = ()
    highs: Sequence[float] = ()
    lows: Sequence[float] = ()
    closes: Sequence[float] = ()
    volumes: Sequence[int] = ()
    open_interest: Sequence[int | None] = ()


def columns_of(dates: Sequence[date], candles: Sequence[Candle]) -> Days:
    """Daily candles, the oldest first, as columns."""
    return Days(
        dates,
        [candle.high for candle in candles],
        [candle.low for candle in candles],
        [candle.close for candle in candles],
        [candle.volume for candle in candles],
        [candle.open_interest for candle in candles],
    )


class Minutes(msgspec.Struct, frozen=True):
    """One day's one-minute candles as columns, the oldest first."""

    highs: Sequence[float] = ()
    lows: Sequence[float] = ()
    closes: Sequence[float] = ()
    volumes: Sequence[int] = ()
    ticks: bool = False
    """The feed told no volume: these are counts of ticks."""


class DayStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument's figures of one day."""

    instrument: str
    date: date
    close: float
    volume: int
    return_1d: float | None = None
    """Against the close so many trading days before, in percent, as prices would have been with all splits made before."""
    return_5d: float | None = None
    return_21d: float | None = None
    return_252d: float | None = None
    realised_volatility: float | None = None
    """Of the last 21 returns from one trading day to the next, in percent a year."""
    atr: float | None = None
    """Wilder's average true range over 14 days, in the price's currency."""
    high_52w: float | None = None
    low_52w: float | None = None
    """Of the last 252 trading days, or of as many as are held."""
    volume_average: float | None = None
    """Of the 20 days before."""
    relative_volume: float | None = None
    """The day's volume as a multiple of that average."""
    vwap: float | None = None
    point_of_control: float | None = None
    value_area_low: float | None = None
    value_area_high: float | None = None
    oi: int | None = None
    oi_change: int | None = None
    """Against the trading day before, in contracts or shares as the provider counts them."""
    minutes: int = 0
    """That traded."""
    minutes_expected: int = 0
    """Of the day's sessions."""
    profile: tuple[tuple[float, float], ...] = ()
    """Price and volume, the lowest price first."""
    reasons: Mapping[str, str] = {}
    """Why a figure is None."""


class _Figures:
    """Figures as they come about: a number, or the reason why there is none."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.reasons: dict[str, str] = {}

    def tell(self, name: str, held: int, needed: int, work: Callable[[], float]) -> None:
        """Worked out where as many days are held as it takes."""
        if held >= needed:
            self.values[name] = work()
        else:
            self.reasons[name] = f"needs {needed} days, {held} are held"

    def lack(self, reason: str, *names: str) -> None:
        self.reasons |= dict.fromkeys(names, reason)


class _TradingDays:
    """The exchange's trading days since the first that is held: those of its calendar, and all of which a bar is held."""

    def __init__(self, held: Sequence[date], known: Iterable[date]) -> None:
        self._held = {day: place for place, day in enumerate(held)}
        self._all = sorted({*held, *(day for day in known if held[0] < day < held[-1])})

    def back(self, span: int) -> int | None:
        """Where the bar of so many trading days before the last one is; None where it is not held."""
        return self._held.get(self._all[-1 - span]) if len(self._all) > span else None

    def why_not(self, span: int) -> str:
        """Why that bar is not held."""
        if len(self._all) > span:
            return f"no sound bar of {self._all[-1 - span]} is held"
        return f"needs {span + 1} days, {len(self._held)} are held"

    def follow(self) -> NDArray[np.bool_]:
        """Of each day that is held but the first: whether the trading day before it is held, too."""
        held = np.asarray([day in self._held for day in self._all])
        return held[:-1][held[1:]]


def day_statistics(
    instrument: str, days: Days, minutes: Minutes, minutes_expected: int, trading: Iterable[date] = ()
) -> DayStatistics:
    """The figures of the last of the days, of which there is at least one; ``trading`` are those on which the exchange traded."""
    figures, known = _Figures(), _TradingDays(days.dates, trading)
    _of_returns(figures, np.asarray(days.closes, dtype=np.float64), known)
    _of_ranges(figures, days)
    _of_volumes(figures, days.volumes)
    _of_open_interest(figures, days.open_interest, known)
    _of_minutes(figures, minutes)
    return DayStatistics(
        instrument=instrument,
        date=days.dates[-1],
        close=days.closes[-1],
        volume=days.volumes[-1],
        minutes=len(minutes.closes),
        minutes_expected=minutes_expected,
        reasons=figures.reasons,
        **figures.values,
    )


def true_ranges(days: Days) -> Numbers:
    """Each day's range with the gap from the close before; one fewer than there are days."""
    highs, lows = np.asarray(days.highs[1:], dtype=np.float64), np.asarray(days.lows[1:], dtype=np.float64)
    before = np.asarray(days.closes[:-1], dtype=np.float64)
    return np.maximum(highs, before) - np.minimum(lows, before)


def average_true_range(days: Days) -> float:
    """Wilder's: the mean of the first 14 true ranges, then each new one counts a fourteenth."""
    ranges = true_ranges(days)
    average = float(ranges[:ATR_DAYS].mean())
    for one in ranges[ATR_DAYS:].tolist():
        average += (one - average) / ATR_DAYS
    return average


def realised_volatility(returns: Numbers) -> float:
    """The standard deviation of daily logarithmic returns, scaled to a year of 252 days, in percent."""
    return float(returns.std(ddof=1) * np.sqrt(YEAR_DAYS) * 100.0)


def _of_returns(figures: _Figures, closes: Numbers, known: _TradingDays) -> None:
    for name, span in _RETURNS.items():
        place = known.back(span)
        if place is None:
            figures.lack(known.why_not(span), name)
        else:
            figures.values[name] = float((closes[-1] / closes[place] - 1.0) * 100.0)
    daily = np.log(closes[1:] / closes[:-1])[known.follow()][-MONTH_DAYS:]
    if len(daily) == MONTH_DAYS:
        figures.values["realised_volatility"] = realised_volatility(daily)
    else:
        figures.lack(f"needs {MONTH_DAYS} daily returns, {len(daily)} are held", "realised_volatility")


def _of_ranges(figures: _Figures, days: Days) -> None:
    figures.tell("atr", len(days.closes), ATR_DAYS + 1, lambda: average_true_range(days))
    figures.values["high_52w"] = max(days.highs[-YEAR_DAYS:])
    figures.values["low_52w"] = min(days.lows[-YEAR_DAYS:])


def _of_volumes(figures: _Figures, volumes: Sequence[int]) -> None:
    before = volumes[-AVERAGE_DAYS - 1 : -1]
    if len(before) < AVERAGE_DAYS:
        figures.lack(f"needs {AVERAGE_DAYS} days before, {len(before)} are held", "volume_average", "relative_volume")
        return
    average = sum(before) / AVERAGE_DAYS
    figures.values["volume_average"] = average
    if average:
        figures.values["relative_volume"] = volumes[-1] / average
    else:
        figures.lack("nothing traded on the 20 days before", "relative_volume")


def _of_open_interest(figures: _Figures, open_interest: Sequence[int | None], known: _TradingDays) -> None:
    last, place = open_interest[-1], known.back(1)
    if last is None or not any(open_interest):  # of what has none, some providers say 0
        figures.lack("the provider tells no open interest of it", "oi", "oi_change")
        return
    figures.values["oi"] = last
    before = None if place is None else open_interest[place]
    if before is not None:
        figures.values["oi_change"] = last - before
    else:
        figures.lack(known.why_not(1) if place is None else "none is held of the day before", "oi_change")


def _of_minutes(figures: _Figures, minutes: Minutes) -> None:
    names = "vwap", "point_of_control", "value_area_low", "value_area_high"
    if minutes.ticks:
        figures.lack("the feed tells no volume, its candles count ticks", *names)
        return
    profile = volume_profile(minutes.highs, minutes.lows, minutes.volumes)
    if profile is None:
        figures.lack("no minutes are held" if not minutes.closes else "nothing traded", *names)
        return
    typical = np.asarray([minutes.highs, minutes.lows, minutes.closes], dtype=np.float64).mean(axis=0)
    figures.values["vwap"] = float(np.average(typical, weights=minutes.volumes))
    figures.values["profile"] = profile.levels
    for name in names[1:]:
        figures.values[name] = getattr(profile, name)

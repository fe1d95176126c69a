"""Formulas: what each indicator of the catalogue computes, as polars expressions over the bars of each instrument.

Wilder's averages and exponential ones begin with the simple average of their first bars, as TradingView has them. Where a
value can not be computed (too few bars, nothing traded, no movement) it is null, never 0.
"""

from collections.abc import Callable
from typing import Final

import polars as pl

from engine.screening.operand import Operand

_CLOSE, _OPEN, _HIGH, _LOW, _VOLUME = map(pl.col, ("close", "open", "high", "low", "volume"))
_TYPICAL = (_HIGH + _LOW + _CLOSE) / 3
_PREVIOUS = _CLOSE.shift(1)
_DATE = pl.col("date")
_YEAR: Final = "52w"
_KNOWN_A_YEAR: Final = 357
"""Days from the first bar: the oldest week of the year may be one of holidays."""


class Bars:
    """The candles of some instruments, and every value that was computed of them, each once.

    ``candles`` has ``instrument``, ``date`` (of the session), ``open``, ``high``, ``low``, ``close`` and ``volume``, by
    instrument and time; days without a break, so that the bar before is the row before.
    """

    def __init__(self, candles: pl.DataFrame) -> None:
        self.frame = candles.with_columns(pl.col("instrument").set_sorted())

    def value(self, indicator: str, *arguments: float) -> pl.Expr:
        """The column of an indicator, or of one of the steps towards one."""
        name = str(Operand(indicator, arguments))
        if name not in self.frame.columns:
            made = _FORMULAS[indicator](self, *arguments)
            self.frame = self.frame.with_columns(made.over("instrument").alias(name))
        return pl.col(name)


Formula = Callable[..., pl.Expr]


def _part(value: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """A quotient; null where there is nothing to divide by."""
    return pl.when(whole != 0).then(value / whole)


def _percent(value: pl.Expr, base: pl.Expr) -> pl.Expr:
    return 100 * _part(value - base, base)


def _mean(values: pl.Expr, length: float) -> pl.Expr:
    return values.rolling_mean(int(length))


def _smoothed(values: pl.Expr, length: float, alpha: float, first: int) -> pl.Expr:
    """An exponential average of values of which the first ``first`` alone are null; it begins with a simple one."""
    known = pl.int_range(pl.len()) - (first - 1)
    return _seeded(values, length, alpha, known, _mean(values, length))


def _seeded(values: pl.Expr, length: float, alpha: float, known: pl.Expr, mean: pl.Expr) -> pl.Expr:
    """Begins with the mean where so many values are known for the first time."""
    seeded = pl.when(known == length).then(mean).when(known > length).then(values)
    return seeded.ewm_mean(alpha=alpha, adjust=False, ignore_nulls=True)


def _exponential(values: pl.Expr, length: float, first: int = 0) -> pl.Expr:
    return _smoothed(values, length, 2 / (length + 1), first)


def _wilder(values: pl.Expr, length: float, first: int = 1) -> pl.Expr:
    """The first bar has no bar before it to be compared with."""
    return _smoothed(values, length, 1 / length, first)


def _previous_close(_: Bars) -> pl.Expr:
    return _PREVIOUS


def _change(_: Bars) -> pl.Expr:
    return _percent(_CLOSE, _PREVIOUS)


def _gap(_: Bars) -> pl.Expr:
    return _percent(_OPEN, _PREVIOUS)


def _roc(_: Bars, length: float) -> pl.Expr:
    return _percent(_CLOSE, _CLOSE.shift(int(length)))


def _sma(_: Bars, length: float) -> pl.Expr:
    return _mean(_CLOSE, length)


def _ema(_: Bars, length: float) -> pl.Expr:
    return _exponential(_CLOSE, length)


def _distance_from_sma(bars: Bars, length: float) -> pl.Expr:
    return _percent(_CLOSE, bars.value("sma", length))


def _gain(_: Bars, length: float) -> pl.Expr:
    return _wilder(_CLOSE.diff().clip(lower_bound=0), length)


def _loss(_: Bars, length: float) -> pl.Expr:
    return _wilder((-_CLOSE.diff()).clip(lower_bound=0), length)


def _rsi(bars: Bars, length: float) -> pl.Expr:
    gain, loss = bars.value("_gain", length), bars.value("_loss", length)
    return 100 * _part(gain, gain + loss)


def _atr(_: Bars, length: float) -> pl.Expr:
    above, below = (_HIGH - _PREVIOUS).abs(), (_LOW - _PREVIOUS).abs()
    true_range = pl.when(_PREVIOUS.is_not_null()).then(pl.max_horizontal(_HIGH - _LOW, above, below))
    return _wilder(true_range, length)


def _atr_percent(bars: Bars, length: float) -> pl.Expr:
    return 100 * _part(bars.value("atr", length), _CLOSE)


def _directional(move: pl.Expr, other: pl.Expr, length: float) -> pl.Expr:
    """What one side moved beyond the other."""
    alone = pl.when((move > other) & (move > 0)).then(move).when(move.is_not_null()).then(0.0)
    return _wilder(alone, length)


def _plus_di(bars: Bars, length: float) -> pl.Expr:
    return 100 * _part(_directional(_HIGH.diff(), -_LOW.diff(), length), bars.value("atr", length))


def _minus_di(bars: Bars, length: float) -> pl.Expr:
    return 100 * _part(_directional(-_LOW.diff(), _HIGH.diff(), length), bars.value("atr", length))


def _direction(bars: Bars, length: float) -> pl.Expr:
    plus, minus = bars.value("plus_di", length), bars.value("minus_di", length)
    return 100 * _part((plus - minus).abs(), plus + minus)


def _adx(bars: Bars, length: float) -> pl.Expr:
    """A share that stands still has no direction, also among its first bars: those that are known are counted."""
    direction = bars.value("_direction", length)
    known = pl.when(direction.is_not_null()).then(direction.is_not_null().cum_sum())
    return _seeded(direction, length, 1 / length, known, direction.cum_sum() / length)


def _macd(bars: Bars, fast: float, slow: float) -> pl.Expr:
    return bars.value("ema", fast) - bars.value("ema", slow)


def _macd_signal(bars: Bars, fast: float, slow: float, signal: float) -> pl.Expr:
    return _exponential(bars.value("macd", fast, slow), signal, int(max(fast, slow)) - 1)


def _macd_histogram(bars: Bars, fast: float, slow: float, signal: float) -> pl.Expr:
    return bars.value("macd", fast, slow) - bars.value("macd_signal", fast, slow, signal)


def _deviation(_: Bars, length: float) -> pl.Expr:
    """Of the whole, not of a sample, as Bollinger has it."""
    return _CLOSE.rolling_std(int(length), ddof=0)


def _bollinger_upper(bars: Bars, length: float, deviations: float) -> pl.Expr:
    return bars.value("sma", length) + deviations * bars.value("_deviation", length)


def _bollinger_lower(bars: Bars, length: float, deviations: float) -> pl.Expr:
    return bars.value("sma", length) - deviations * bars.value("_deviation", length)


def _bollinger_width(bars: Bars, length: float, deviations: float) -> pl.Expr:
    return 200 * deviations * _part(bars.value("_deviation", length), bars.value("sma", length))


def _highest(_: Bars, length: float) -> pl.Expr:
    return _HIGH.rolling_max(int(length))


def _lowest(_: Bars, length: float) -> pl.Expr:
    return _LOW.rolling_min(int(length))


def _volume_average(_: Bars, length: float) -> pl.Expr:
    return _mean(_VOLUME, length)


def _relative_volume(bars: Bars, length: float) -> pl.Expr:
    return _part(_VOLUME, bars.value("volume_average", length).shift(1))


def _turnover_average(_: Bars, length: float) -> pl.Expr:
    return _mean(_TYPICAL * _VOLUME, length)


def _rolling_vwap(_: Bars, length: float) -> pl.Expr:
    return _part((_TYPICAL * _VOLUME).rolling_sum(int(length)), _VOLUME.rolling_sum(int(length)))


def _vwap(_: Bars) -> pl.Expr:
    return _part(_since_the_open(_TYPICAL * _VOLUME), _since_the_open(_VOLUME))


def _since_the_open(values: pl.Expr) -> pl.Expr:
    """Running sums, less what they were when the session began; null in the first one, which may have begun before."""
    total = values.cum_sum()
    return total - pl.when(_DATE.shift(1) != _DATE).then(total.shift(1)).forward_fill()


def _high_52w(_: Bars) -> pl.Expr:
    return _of_a_year(_HIGH.rolling_max_by("date", _YEAR))


def _low_52w(_: Bars) -> pl.Expr:
    return _of_a_year(_LOW.rolling_min_by("date", _YEAR))


def _of_a_year(value: pl.Expr) -> pl.Expr:
    """Null where the bars do not reach back so far: the highest of what happens to be known is not the year's."""
    return pl.when((_DATE - _DATE.first()).dt.total_days() >= _KNOWN_A_YEAR).then(value)


def _distance_from_52w_high(bars: Bars) -> pl.Expr:
    return _percent(_CLOSE, bars.value("high_52w"))


def _distance_from_52w_low(bars: Bars) -> pl.Expr:
    return _percent(_CLOSE, bars.value("low_52w"))


_FORMULAS: Final[dict[str, Formula]] = {
    "previous_close": _previous_close,
    "change": _change,
    "gap": _gap,
    "roc": _roc,
    "sma": _sma,
    "ema": _ema,
    "distance_from_sma": _distance_from_sma,
    "_gain": _gain,
    "_loss": _loss,
    "rsi": _rsi,
    "atr": _atr,
    "atr_percent": _atr_percent,
    "plus_di": _plus_di,
    "minus_di": _minus_di,
    "_direction": _direction,
    "adx": _adx,
    "macd": _macd,
    "macd_signal": _macd_signal,
    "macd_histogram": _macd_histogram,
    "_deviation": _deviation,
    "bollinger_upper": _bollinger_upper,
    "bollinger_lower": _bollinger_lower,
    "bollinger_width": _bollinger_width,
    "highest": _highest,
    "lowest": _lowest,
    "volume_average": _volume_average,
    "relative_volume": _relative_volume,
    "turnover_average": _turnover_average,
    "rolling_vwap": _rolling_vwap,
    "vwap": _vwap,
    "high_52w": _high_52w,
    "low_52w": _low_52w,
    "distance_from_52w_high": _distance_from_52w_high,
    "distance_from_52w_low": _distance_from_52w_low,
}

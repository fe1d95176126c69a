"""The catalogue: which indicators there are, what they take, and how many bars they need. What they compute is in `formulas`."""

from typing import Final

import msgspec


class Parameter(msgspec.Struct, frozen=True):
    """A number that an indicator takes."""

    name: str
    default: float
    minimum: float = 1
    maximum: float = 500
    is_whole: bool = True


class Indicator(msgspec.Struct, frozen=True):
    """A value of every candle."""

    name: str
    unit: str
    """``price``, ``percent``, ``units`` (traded), ``times`` or ``points``."""
    words: str
    parameters: tuple[Parameter, ...] = ()
    bars: str = "window"
    """What it looks back at: a ``window`` of its length, all that ``smoothed`` it, a ``session`` or a ``year``."""
    timeframes: str = "any"
    """``daily``: of days alone; ``intraday``: of anything shorter."""


LENGTH: Final = "length"
A_YEAR: Final = 252
"""Sessions, a few more than a year has on any exchange."""
SETTLED: Final = 12
"""Times its length: so many bars after its start a smoothed value knows of its start to 6 parts in a million."""


def _length(default: int, *, minimum: int = 1) -> Parameter:
    return Parameter(LENGTH, default, minimum)


_OURS = (
    Indicator("open", "price", "First price of the bar."),
    Indicator("high", "price", "Highest price of the bar."),
    Indicator("low", "price", "Lowest price of the bar."),
    Indicator("close", "price", "Last price of the bar."),
    Indicator("volume", "units", "Units traded in the bar; while it forms, so far."),
    Indicator("previous_close", "price", "Close of the bar before."),
    Indicator("change", "percent", "Close against the close of the bar before."),
    Indicator("gap", "percent", "Open against the close of the day before.", timeframes="daily"),
    Indicator("roc", "percent", "Close against the close `length` bars ago.", (_length(10),)),
    Indicator("sma", "price", "Simple moving average of the close.", (_length(20),)),
    Indicator("ema", "price", "Exponential moving average of the close.", (_length(20),), "smoothed"),
    Indicator("distance_from_sma", "percent", "Close against its simple moving average.", (_length(20),)),
    Indicator("rsi", "points", "Wilder's relative strength index, 0 to 100.", (_length(14, minimum=2),), "smoothed"),
    Indicator("atr", "price", "Wilder's average true range.", (_length(14),), "smoothed"),
    Indicator("atr_percent", "percent", "Average true range as a part of the close.", (_length(14),), "smoothed"),
    Indicator("adx", "points", "Wilder's average directional index.", (_length(14, minimum=2),), "smoothed"),
    Indicator("plus_di", "points", "Wilder's positive directional indicator.", (_length(14, minimum=2),), "smoothed"),
    Indicator("minus_di", "points", "Wilder's negative directional indicator.", (_length(14, minimum=2),), "smoothed"),
    Indicator(
        "macd",
        "price",
        "Fast less slow exponential average of the close.",
        (Parameter("fast", 12), Parameter("slow", 26)),
        "smoothed",
    ),
    Indicator(
        "macd_signal",
        "price",
        "Exponential average of the MACD.",
        (Parameter("fast", 12), Parameter("slow", 26), Parameter("signal", 9)),
        "smoothed",
    ),
    Indicator(
        "macd_histogram",
        "price",
        "MACD less its signal.",
        (Parameter("fast", 12), Parameter("slow", 26), Parameter("signal", 9)),
        "smoothed",
    ),
    Indicator(
        "bollinger_upper",
        "price",
        "Average of the close plus so many standard deviations.",
        (_length(20, minimum=2), Parameter("deviations", 2, 0.1, 10, is_whole=False)),
    ),
    Indicator(
        "bollinger_lower",
        "price",
        "Average of the close less so many standard deviations.",
        (_length(20, minimum=2), Parameter("deviations", 2, 0.1, 10, is_whole=False)),
    ),
    Indicator(
        "bollinger_width",
        "percent",
        "Distance of the bands as a part of their middle.",
        (_length(20, minimum=2), Parameter("deviations", 2, 0.1, 10, is_whole=False)),
    ),
    Indicator("highest", "price", "Highest high of `length` bars, this one included.", (_length(20),)),
    Indicator("lowest", "price", "Lowest low of `length` bars, this one included.", (_length(20),)),
    Indicator("volume_average", "units", "Average volume of `length` bars, this one included.", (_length(20),)),
    Indicator("relative_volume", "times", "Volume against the average of the `length` bars before it.", (_length(20),)),
    Indicator("turnover_average", "price", "Average of typical price times volume of `length` bars.", (_length(20),)),
    Indicator("vwap", "price", "Volume-weighted average price since the session opened.", (), "session", "intraday"),
    Indicator("rolling_vwap", "price", "Volume-weighted average price of `length` bars.", (_length(20),)),
    Indicator("high_52w", "price", "Highest high of 52 weeks.", bars="year", timeframes="daily"),
    Indicator("low_52w", "price", "Lowest low of 52 weeks.", bars="year", timeframes="daily"),
    Indicator(
        "distance_from_52w_high",
        "percent",
        "Close against the highest high of 52 weeks; never above 0.",
        bars="year",
        timeframes="daily",
    ),
    Indicator(
        "distance_from_52w_low",
        "percent",
        "Close against the lowest low of 52 weeks; never below 0.",
        bars="year",
        timeframes="daily",
    ),
)

INDICATORS: Final = {indicator.name: indicator for indicator in _OURS}

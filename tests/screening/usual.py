"""Indicators as textbooks write them, one instrument and one bar at a time, with pandas: to compare ours with."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

Frame = Any
"""Candles of one instrument, oldest first. pandas has no types of its own."""
Series = Any


def smoothed(values: Series, length: int, alpha: float) -> Series:
    """Begins with the mean of the first ``length`` known values; each later one moves it by ``alpha`` of the way."""
    known = [at for at, value in enumerate(values) if not math.isnan(value)]
    told = [math.nan] * len(values)
    if len(known) >= length:
        average = sum(values.iloc[at] for at in known[:length]) / length
        told[known[length - 1]] = average
        for at in known[length:]:
            average += alpha * (values.iloc[at] - average)
            told[at] = average
    return pd.Series(told, values.index)


def ema(values: Series, length: int) -> Series:
    return smoothed(values, length, 2 / (length + 1))


def wilder(values: Series, length: int) -> Series:
    return smoothed(values, length, 1 / length)


def part(value: Series, whole: Series) -> Series:
    return value / whole.where(whole != 0)


def percent(value: Series, base: Series) -> Series:
    return part(value - base, base) * 100


def typical(f: Frame) -> Series:
    return (f["high"] + f["low"] + f["close"]) / 3


def rsi(f: Frame, length: int) -> Series:
    moves = f["close"].diff()
    up = wilder(moves.map(lambda move: max(move, 0.0), na_action="ignore"), length)
    down = wilder(moves.map(lambda move: max(-move, 0.0), na_action="ignore"), length)
    return 100 * part(up, up + down)


def true_range(f: Frame) -> Series:
    told = [math.nan]
    for at in range(1, len(f)):
        before, bar = f["close"].iloc[at - 1], f.iloc[at]
        told.append(max(bar["high"] - bar["low"], abs(bar["high"] - before), abs(bar["low"] - before)))
    return pd.Series(told[: len(f)], f.index, dtype=float)


def atr(f: Frame, length: int) -> Series:
    return wilder(true_range(f), length)


def directional(f: Frame, length: int, sign: int) -> Series:
    moved = [math.nan]
    for at in range(1, len(f)):
        up = f["high"].iloc[at] - f["high"].iloc[at - 1]
        down = f["low"].iloc[at - 1] - f["low"].iloc[at]
        mine, other = (up, down) if sign > 0 else (down, up)
        moved.append(mine if mine > other and mine > 0 else 0.0)
    return 100 * part(wilder(pd.Series(moved[: len(f)], f.index, dtype=float), length), atr(f, length))


def adx(f: Frame, length: int) -> Series:
    plus, minus = directional(f, length, 1), directional(f, length, -1)
    return wilder(100 * part((plus - minus).abs(), plus + minus), length)


def macd(f: Frame, fast: int, slow: int) -> Series:
    return ema(f["close"], fast) - ema(f["close"], slow)


def macd_signal(f: Frame, fast: int, slow: int, signal: int) -> Series:
    return ema(macd(f, fast, slow), signal)


def bands(f: Frame, length: int, deviations: float) -> Series:
    return f["close"].rolling(length).apply(lambda window: deviations * float(np.std(window)), raw=True)


def sma(f: Frame, length: int) -> Series:
    return f["close"].rolling(length).mean()


def relative_volume(f: Frame, length: int) -> Series:
    return part(f["volume"], f["volume"].shift(1).rolling(length).mean())


def rolling_vwap(f: Frame, length: int) -> Series:
    return part((typical(f) * f["volume"]).rolling(length).sum(), f["volume"].rolling(length).sum())


def vwap(f: Frame) -> Series:
    paid = (typical(f) * f["volume"]).groupby(f["date"]).cumsum()
    told = part(paid, f["volume"].groupby(f["date"]).cumsum())
    return told.where(f["date"] != f["date"].iloc[0])


def of_a_year(f: Frame, which: str) -> Series:
    dated = f.set_index("date")[which].rolling("364D")
    told = dated.max() if which == "high" else dated.min()
    known = (f["date"] - f["date"].iloc[0]).dt.days >= 357
    return pd.Series(told.to_numpy(), f.index).where(known)


USUAL: dict[str, Callable[..., Series]] = {
    "open": lambda f: f["open"],
    "high": lambda f: f["high"],
    "low": lambda f: f["low"],
    "close": lambda f: f["close"],
    "volume": lambda f: f["volume"],
    "previous_close": lambda f: f["close"].shift(1),
    "change": lambda f: f["close"].pct_change() * 100,
    "gap": lambda f: percent(f["open"], f["close"].shift(1)),
    "roc": lambda f, n: f["close"].pct_change(n) * 100,
    "sma": sma,
    "ema": lambda f, n: ema(f["close"], n),
    "distance_from_sma": lambda f, n: percent(f["close"], sma(f, n)),
    "rsi": rsi,
    "atr": atr,
    "atr_percent": lambda f, n: 100 * atr(f, n) / f["close"],
    "adx": adx,
    "plus_di": lambda f, n: directional(f, n, 1),
    "minus_di": lambda f, n: directional(f, n, -1),
    "macd": macd,
    "macd_signal": macd_signal,
    "macd_histogram": lambda f, a, b, c: macd(f, a, b) - macd_signal(f, a, b, c),
    "bollinger_upper": lambda f, n, d: sma(f, n) + bands(f, n, d),
    "bollinger_lower": lambda f, n, d: sma(f, n) - bands(f, n, d),
    "bollinger_width": lambda f, n, d: 200 * bands(f, n, d) / sma(f, n),
    "highest": lambda f, n: f["high"].rolling(n).max(),
    "lowest": lambda f, n: f["low"].rolling(n).min(),
    "volume_average": lambda f, n: f["volume"].rolling(n).mean(),
    "relative_volume": relative_volume,
    "turnover_average": lambda f, n: (typical(f) * f["volume"]).rolling(n).mean(),
    "vwap": vwap,
    "rolling_vwap": rolling_vwap,
    "high_52w": lambda f: of_a_year(f, "high"),
    "low_52w": lambda f: of_a_year(f, "low"),
    "distance_from_52w_high": lambda f: percent(f["close"], of_a_year(f, "high")),
    "distance_from_52w_low": lambda f: percent(f["close"], of_a_year(f, "low")),
}

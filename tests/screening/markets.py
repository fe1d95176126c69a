"""Markets made by a seed: candles of some instruments, each with a past of its own length."""

from datetime import date, timedelta

import numpy as np
import polars as pl

FIRST = date(2024, 1, 1)
DAY_NS = 86_400_000_000_000


def market(seed: int, lengths: list[int], *, bars_a_day: int = 1) -> pl.DataFrame:
    """Random walks with quiet stretches, in which nothing moves and nothing is traded."""
    random = np.random.default_rng(seed)
    return pl.concat(_instrument(random, number, length, bars_a_day) for number, length in enumerate(lengths))


def _instrument(random: np.random.Generator, number: int, length: int, bars_a_day: int) -> pl.DataFrame:
    quiet = np.repeat(random.random(-(-length // 5) or 1) < 0.2, 5)[:length]
    steps = np.where(quiet, 0.0, random.normal(0, 0.02, length))
    close = np.round(10 ** random.uniform(0, 4) * np.exp(np.cumsum(steps)), 2) + 0.05
    start = close * np.where(quiet, 1, 1 + random.normal(0, 0.005, length))
    spread = np.where(quiet, 0, random.random((2, length)) * 0.01)
    days = [FIRST + timedelta(days=at // bars_a_day) for at in range(length)]
    return pl.DataFrame(
        {
            "instrument": np.full(length, number, np.int32),
            "time": np.arange(length, dtype=np.int64) * DAY_NS,
            "date": pl.Series(days, dtype=pl.Date),
            "open": start,
            "high": np.maximum(start, close) * (1 + spread[0]),
            "low": np.minimum(start, close) * (1 - spread[1]),
            "close": close,
            "volume": np.where(quiet, 0, random.integers(1, 10**9, length)).astype(float),
        }
    )

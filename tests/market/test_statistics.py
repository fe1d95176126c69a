"""Statistics of a day: as pandas has them by another way, and where a figure can not be had, its reason."""

import math
import random
from datetime import date, timedelta

import msgspec
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market.statistics import Days, Minutes, day_statistics
from engine.market.volume_profile import BINS, VALUE_SHARE, volume_profile

NAME = "NSE:TCS"
PERCENT = 100.0


def walk(count: int, seed: int = 7) -> Days:
    """That many days of a price that wanders, with gaps between the days."""
    chance = random.Random(seed)
    closes, highs, lows = [1_000.0], [1_010.0], [995.0]
    for _ in range(count - 1):
        opening = closes[-1] * (1 + chance.gauss(0, 0.01))
        closing = opening * (1 + chance.gauss(0, 0.015))
        highs.append(max(opening, closing) * (1 + abs(chance.gauss(0, 0.004))))
        lows.append(min(opening, closing) * (1 - abs(chance.gauss(0, 0.004))))
        closes.append(closing)
    volumes = [chance.randrange(100_000, 900_000) for _ in range(count)]
    interest = [chance.randrange(5_000, 9_000) for _ in range(count)]
    dates = [date(2025, 1, 1) + timedelta(days=number) for number in range(count)]
    return Days(dates, highs, lows, closes, volumes, interest)


def session(count: int = 375, seed: int = 3) -> Minutes:
    chance = random.Random(seed)
    middles = [1_000 + 20 * math.sin(number / 40) + chance.gauss(0, 2) for number in range(count)]
    highs, lows = [one + chance.random() for one in middles], [one - chance.random() for one in middles]
    return Minutes(highs, lows, middles, [chance.randrange(0, 5_000) for _ in range(count)])


def test_figures_are_those_that_pandas_makes_of_the_same_days() -> None:
    days = walk(300)
    found = day_statistics(NAME, days, Minutes(), 375)
    frame = pd.DataFrame({"high": days.highs, "low": days.lows, "close": days.closes, "volume": days.volumes})
    close = frame["close"]
    for name, span in (("return_1d", 1), ("return_5d", 5), ("return_21d", 21), ("return_252d", 252)):
        assert getattr(found, name) == pytest.approx(close.pct_change(span).iloc[-1] * PERCENT)
    logarithms = close.map(math.log).diff()
    assert found.realised_volatility == pytest.approx(logarithms.tail(21).std() * math.sqrt(252) * PERCENT)
    before = close.shift()
    ranges = pd.concat(
        [frame["high"] - frame["low"], (frame["high"] - before).abs(), (frame["low"] - before).abs()], axis=1
    )
    true_range = ranges.max(axis=1).iloc[1:].reset_index(drop=True)
    seeded = pd.concat([pd.Series([true_range.iloc[:14].mean()]), true_range.iloc[14:]])
    assert found.atr == pytest.approx(seeded.ewm(alpha=1 / 14, adjust=False).mean().iloc[-1])
    assert found.high_52w == frame["high"].tail(252).max()
    assert found.low_52w == frame["low"].tail(252).min()
    average = frame["volume"].iloc[-21:-1].mean()
    assert (found.volume_average, found.relative_volume) == pytest.approx((average, frame["volume"].iloc[-1] / average))
    assert days.open_interest[-1] is not None
    assert days.open_interest[-2] is not None
    assert (found.oi, found.oi_change) == (days.open_interest[-1], days.open_interest[-1] - days.open_interest[-2])


def test_the_average_price_weighs_each_minute_by_its_volume() -> None:
    minutes = session()
    frame = pd.DataFrame({"high": minutes.highs, "low": minutes.lows, "close": minutes.closes})
    volume = pd.Series(minutes.volumes)
    found = day_statistics(NAME, walk(2), minutes, 375)
    assert found.vwap == pytest.approx((frame.mean(axis=1) * volume).sum() / volume.sum())
    assert (found.minutes, found.minutes_expected) == (375, 375)


def test_what_can_not_be_had_says_why_and_is_never_zero() -> None:
    alone = Days([date(2026, 11, 20)], [10.0], [9.0], [9.5], [0], [None])
    found = day_statistics(NAME, alone, Minutes(), 375)
    assert found.reasons["return_1d"] == "needs 2 days, 1 are held"
    assert found.reasons["realised_volatility"] == "needs 21 daily returns, 0 are held"
    assert found.reasons["relative_volume"] == "needs 20 days before, 0 are held"
    assert found.reasons["oi"] == "the provider tells no open interest of it"
    assert found.reasons["vwap"] == "no minutes are held"
    figures = {name: getattr(found, name) for name in found.reasons}
    assert set(figures.values()) == {None}
    assert (found.close, found.volume, found.high_52w, found.low_52w) == (9.5, 0, 10.0, 9.0)


def without(days: Days, *lacking: int) -> Days:
    """The days but those so many days before the last."""
    left = [place for place in range(len(days.dates)) if len(days.dates) - 1 - place not in lacking]
    columns = (tuple(getattr(days, name)[place] for place in left) for name in Days.__struct_fields__)
    return Days(*columns)


def test_returns_and_open_interest_count_trading_days_and_not_what_is_held() -> None:
    whole = walk(300)
    days = without(whole, 1, 5)
    found = day_statistics(NAME, days, Minutes(), 375, whole.dates)
    expected = day_statistics(NAME, whole, Minutes(), 375)
    assert (found.return_1d, found.return_5d, found.oi_change) == (None, None, None)
    assert (found.return_21d, found.return_252d, found.oi) == (
        expected.return_21d,
        expected.return_252d,
        expected.oi,
    )
    yesterday, week = whole.dates[-2], whole.dates[-6]
    assert found.reasons["return_1d"] == found.reasons["oi_change"] == f"no sound bar of {yesterday} is held"
    assert found.reasons["return_5d"] == f"no sound bar of {week} is held"


def test_a_return_over_a_hole_is_no_daily_one() -> None:
    whole = walk(60)
    jump = msgspec.structs.replace(whole, closes=[*whole.closes[:-4], *(10 * close for close in whole.closes[-4:])])
    found = day_statistics(NAME, without(jump, 3), Minutes(), 375, whole.dates)
    assert found.realised_volatility is not None
    assert found.realised_volatility < 50
    young = without(walk(23), 3)
    reasons = day_statistics(NAME, young, Minutes(), 375, walk(23).dates).reasons
    assert reasons["realised_volatility"] == "needs 21 daily returns, 20 are held"


def test_days_before_the_first_that_is_held_are_no_holes() -> None:
    days = walk(3)
    before = [days.dates[0] - timedelta(days=ago) for ago in range(300, 0, -1)]
    found = day_statistics(NAME, days, Minutes(), 375, [*before, *days.dates])
    assert found.reasons["return_5d"] == "needs 6 days, 3 are held"
    assert found.return_1d is not None


def test_an_open_interest_that_is_always_zero_is_none() -> None:
    share = msgspec.structs.replace(walk(3), open_interest=[0, 0, 0])
    assert day_statistics(NAME, share, Minutes(), 375).oi is None
    emptied = msgspec.structs.replace(walk(3), open_interest=[5, 7, 0])
    found = day_statistics(NAME, emptied, Minutes(), 375)
    assert (found.oi, found.oi_change) == (0, -7)


def test_an_index_has_no_volume_and_so_no_profile() -> None:
    index = Minutes([10.0, 11.0], [9.0, 10.0], [9.5, 10.5], [0, 0])
    assert day_statistics(NAME, walk(2), index, 375).reasons["point_of_control"] == "nothing traded"
    quiet = msgspec.structs.replace(walk(30), volumes=[0] * 30)
    found = day_statistics(NAME, quiet, index, 375)
    assert (found.volume_average, found.relative_volume) == (0.0, None)
    assert found.reasons["relative_volume"] == "nothing traded on the 20 days before"


def test_counts_of_ticks_are_no_volume() -> None:
    ticks = Minutes([10.0], [9.0], [9.5], [7], ticks=True)
    found = day_statistics(NAME, walk(2), ticks, 375)
    assert (found.vwap, found.reasons["vwap"]) == (None, "the feed tells no volume, its candles count ticks")


bars = st.lists(
    st.tuples(st.integers(900, 1_100), st.integers(0, 30), st.integers(0, 10_000)), min_size=1, max_size=60
).filter(lambda told: any(volume for _, _, volume in told))


@given(told=bars)
def test_a_profile_conserves_the_volume_and_its_area_holds_what_it_says(told: list[tuple[int, int, int]]) -> None:
    lows = [low / 4 for low, _, _ in told]
    highs = [low + span / 4 for low, (_, span, _) in zip(lows, told, strict=True)]
    total = sum(volume for _, _, volume in told)
    profile = volume_profile(highs, lows, [volume for _, _, volume in told])
    assert profile is not None
    assert math.isclose(sum(volume for _, volume in profile.levels), total, rel_tol=1e-9)
    assert len(profile.levels) in (1, BINS)
    low, high = profile.value_area_low, profile.value_area_high
    assert min(lows) <= low <= profile.point_of_control <= high <= max(highs)
    inside = sum(volume for price, volume in profile.levels if low <= price <= high)
    assert inside >= VALUE_SHARE * total * (1 - 1e-9)
    assert max(profile.levels, key=lambda level: level[1])[0] == profile.point_of_control


def test_a_day_of_one_price_trades_all_of_it_there() -> None:
    profile = volume_profile([50.0, 50.0], [50.0, 50.0], [3, 4])
    assert profile is not None
    assert (profile.levels, profile.point_of_control, profile.value_area_high) == (((50.0, 7.0),), 50.0, 50.0)

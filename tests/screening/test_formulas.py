"""Formulas: every indicator is what a textbook's own words come to, bar by bar, also beside other instruments."""

import math

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.screening import INDICATORS
from engine.screening.formulas import Bars
from tests.screening.markets import market
from tests.screening.usual import USUAL

SHORT = {"length": 5, "deviations": 1.5, "fast": 3, "slow": 7, "signal": 4}


def test_all_of_the_catalogue_can_be_computed_and_nothing_else() -> None:
    assert USUAL.keys() == INDICATORS.keys()


@pytest.mark.parametrize("name", sorted(INDICATORS))
def test_an_indicator_is_what_its_textbook_says(name: str) -> None:
    lengths = [600, 3, 1, 40, 380]
    candles = market(7, lengths, bars_a_day=6 if name == "vwap" else 1)
    for choice in ({}, SHORT):
        arguments = [choice.get(one.name, one.default) for one in INDICATORS[name].parameters]
        assert_same(candles, name, arguments, range(len(lengths)))


@settings(max_examples=25)
@given(
    seed=st.integers(0, 2**32),
    lengths=st.lists(st.integers(1, 60), min_size=1, max_size=5),
    name=st.sampled_from(sorted(INDICATORS)),
    data=st.data(),
)
def test_whatever_the_market_they_agree(seed: int, lengths: list[int], name: str, data: st.DataObject) -> None:
    arguments = [data.draw(st.integers(int(one.minimum + 0.9), 12)) for one in INDICATORS[name].parameters]
    candles = market(seed, lengths, bars_a_day=5)
    assert_same(candles, name, arguments, range(len(lengths)))


@settings(max_examples=15)
@given(
    seed=st.integers(0, 2**32),
    lengths=st.lists(st.integers(1, 60), min_size=1, max_size=4),
    length=st.integers(2, 12),
    still=st.integers(0, 30),
)
def test_a_direction_begins_with_the_first_that_are_known(
    seed: int, lengths: list[int], length: int, still: int
) -> None:
    """Of a share that stands still there is none: its average is over so many that there are, wherever they lie."""
    at = pl.int_range(pl.len()).over("instrument")
    prices = {name: pl.when(at < still).then(50.0).otherwise(pl.col(name)) for name in ("high", "low", "close")}
    for name in ("adx", "plus_di", "minus_di"):
        assert_same(market(seed, lengths).with_columns(**prices), name, [length], range(len(lengths)))


def test_an_average_of_what_stood_still_at_first_begins_when_it_moves() -> None:
    still = market(3, [60]).with_columns(still=pl.int_range(60) < 8)
    prices = {name: pl.when(pl.col("still")).then(50.0).otherwise(pl.col(name)) for name in ("high", "low", "close")}
    assert_same(still.with_columns(**prices), "adx", [5], range(1))
    assert told(still.with_columns(**prices), "adx", [5]).is_not_null().any()


def test_what_can_not_be_computed_is_null() -> None:
    still = pl.concat([market(1, [1])] * 40).with_columns(open=5.0, high=5.0, low=5.0, close=5.0, volume=0.0)
    for name in ("rsi", "adx", "plus_di", "relative_volume", "rolling_vwap", "vwap", "high_52w"):
        assert told(still, name, [one.default for one in INDICATORS[name].parameters]).null_count() == 40
    assert told(still, "sma", [5]).to_list()[4:] == [5.0] * 36


def assert_same(candles: pl.DataFrame, name: str, arguments: list[float], instruments: range) -> None:
    ours = candles.with_columns(told=told(candles, name, arguments))
    numbers = [int(one) if one == int(one) else one for one in arguments]
    for number in instruments:
        frame = ours.filter(pl.col("instrument") == number).to_pandas()
        expected = USUAL[name](frame, *numbers).astype(float)
        near = max(1e-6, 1e-12 * expected.abs().max())  # running sums keep a rest of what has left them
        for mine, usual in zip(frame["told"], expected, strict=True):
            assert (math.isnan(mine) and math.isnan(usual)) or mine == pytest.approx(usual, rel=1e-6, abs=near)


def told(candles: pl.DataFrame, name: str, arguments: list[float]) -> pl.Series:
    bars = Bars(candles)
    column = bars.value(name, *arguments)
    return bars.frame.select(column.alias("told"))["told"]

"""How far prices may jump and wicks may reach: written in percent, ticks and points, by kind, exchange and instrument."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.limits import load_limits
from engine.market import Candle
from engine.market.limits import Limit, LimitError, LimitTable, Reach, flaw_of

GOLD = "COMEX:GC-2026-12-29-FUT"


def table(**own: Any) -> LimitTable:
    return LimitTable.parse({**load_limits(None), **own})


def bar(opens: float, high: float, low: float, close: float, volume: int = 10) -> Candle:
    return Candle(GOLD, "1m", 0, opens, high, low, close, volume)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("2%", Limit(percent=2.0)),
        ("2.5 percent", Limit(percent=2.5)),
        ("40 ticks", Limit(ticks=40.0)),
        ("1 tick", Limit(ticks=1.0)),
        ("15 points", Limit(points=15.0)),
        ("5% or 10 ticks or 2 points", Limit(5.0, 10.0, 2.0)),
    ],
)
def test_a_limit_is_written_in_percent_ticks_or_points(text: str, limit: Limit) -> None:
    assert Limit.parse(text) == limit


@pytest.mark.parametrize("text", ["", "2", "two percent", "-3%", "0%", "2% or 3%", "5% and 10 ticks", "nan points"])
def test_a_limit_that_is_not_understood_is_refused_with_the_text(text: str) -> None:
    with pytest.raises(LimitError, match="was"):
        Limit.parse(text)


def test_of_several_limits_the_longest_counts() -> None:
    reach = Limit.parse("5% or 10 ticks").reach(0.05)
    assert reach.of(100.0) == 5.0
    assert reach.of(0.1) == 0.5


def test_the_recorded_gold_example_jumps_15_points_at_most_and_its_wicks_reach_10() -> None:
    gold = table(instruments={"COMEX:GC*": {"jump": "15 points", "wick": "10 points"}}).of(GOLD, "future")
    assert gold.jump.reach(0.1) == Reach(0.0, 15.0)
    assert not gold.wick_is_long(bar(4050.0, 4061.0, 4045.0, 4051.0), 0.1)
    assert gold.wick_is_long(bar(4050.0, 4061.1, 4045.0, 4051.0), 0.1)
    assert gold.wick_is_long(bar(4050.0, 4055.0, 4039.9, 4051.0), 0.1)


def test_an_instruments_limit_goes_before_its_exchanges_and_that_before_its_kinds() -> None:
    limits = table(
        exchanges={"COMEX": {"jump": "1%", "wick": "1 point"}},
        instruments={"COMEX:*": {"jump": "2%"}, "COMEX:GC*": {"jump": "15 points"}},
    )
    assert limits.of(GOLD, "future").jump == Limit(points=15.0)
    assert limits.of(GOLD, "future").wick == Limit(points=1.0)
    assert limits.of("COMEX:SI", "future").jump == Limit(percent=2.0)
    assert limits.of("NSE:A", "future") == table().of("NSE:A", "future")


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": {}},
        {"kinds": {"equity": {"jump": "1%", "wick": "1%"}}},
        {"exchanges": {"NSE": {"leap": "1%"}}},
        {"exchanges": {"NSE": "1%"}},
        {"instruments": {"NSE:A": {"jump": "a lot"}}},
        {"instruments": 3},
    ],
)
def test_a_table_that_is_wrong_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(LimitError):
        table(**wrong)


@given(
    share=st.floats(0.0, 2.0), fixed=st.floats(0.0, 100.0), price=st.floats(0.01, 1e6), up=st.floats(-1, 1), down=st.floats(-1, 1)
)  # fmt: skip
def test_any_two_prices_of_a_band_are_within_reach_of_each_other(
    share: float, fixed: float, price: float, up: float, down: float
) -> None:
    reach = Reach(share, fixed)
    half = reach.half(price)
    one, other = price + up * half, price + down * half
    assert abs(one - other) <= reach.of(one) * (1 + 1e-9) + price * 1e-9


def test_a_bar_is_true_when_its_prices_are_in_order() -> None:
    assert flaw_of(bar(10.0, 11.0, 9.0, 10.5)) == ""
    assert flaw_of(bar(10.0, 10.0, 10.0, 10.0, 0)) == ""


@pytest.mark.parametrize(
    "wrong",
    [
        bar(10.0, 9.9, 9.0, 9.5),
        bar(10.0, 10.2, 9.0, 10.5),
        bar(10.0, 11.0, 10.1, 10.5),
        bar(10.0, 11.0, 9.0, 8.5),
        bar(float("nan"), 11.0, 9.0, 10.0),
        bar(10.0, float("inf"), 9.0, 10.0),
        bar(0.0, 11.0, 0.0, 10.0),
        bar(10.0, 11.0, -9.0, 10.0),
        bar(10.0, 11.0, 9.0, 10.0, -1),
        msgspec.structs.replace(bar(10.0, 11.0, 9.0, 10.0), close=None),  # type: ignore[arg-type]
        msgspec.structs.replace(bar(10.0, 11.0, 9.0, 10.0), volume=None),  # type: ignore[arg-type]
    ],
)
def test_a_bar_that_contradicts_itself_is_found_out(wrong: Candle) -> None:
    assert flaw_of(wrong) != ""

"""Alert rules: told when a number gets to the line, once, and again only after it has gone back."""

from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market.alert_rule import (
    AlertRule,
    Condition,
    FeedCondition,
    GapCondition,
    Look,
    PriceCondition,
    Standing,
    TokenCondition,
    judge,
    look_at_feed,
    look_at_gap,
    look_at_price,
    look_at_token,
)
from engine.market.tick import Tick

SECOND_NS = 1_000_000_000


def price_rule(comparison: Any, value: float = 100.0, **changes: Any) -> AlertRule:
    return rule(PriceCondition(instrument="NSE:A", comparison=comparison, value=value), **changes)


def rule(condition: Condition, **changes: Any) -> AlertRule:
    values: dict[str, Any] = {"once": False, "cool_down_s": 0, "hysteresis_percent": 1.0, "standing": Standing()}
    return AlertRule(id=1, owner="u1", name="", condition=condition, revision=0, **(values | changes))


def told(of: AlertRule, *values: float, step_s: int = 1, about: tuple[str, ...] = ()) -> list[int]:
    """Which of some looks, in turn, were told."""
    found: list[int] = []
    for number, value in enumerate(values):
        look = Look(value, "", about=about[number] if about else "")
        standing, is_told = judge(of, look, (number * step_s + 1) * SECOND_NS)
        of = msgspec.structs.replace(of, standing=standing)
        found += [number] if is_told else []
    return found


def tick(price: float, **more: Any) -> Tick:
    return Tick("NSE:A", price, 1, 1, 0, 0, "test", **more)


@pytest.mark.parametrize(
    ("comparison", "prices", "expected"),
    [
        ("above", (99, 99.9, 100, 101), [2]),
        ("above", (101, 102), [0]),
        ("above", (101, 99.5, 101), [0]),
        ("above", (101, 98.9, 100), [0, 2]),
        ("below", (101, 100, 99), [1]),
        ("below", (99, 100.5, 99, 101.1, 100), [0, 4]),
        ("crosses", (101, 102), []),
        ("crosses", (99.95, 100.05), [1]),
        ("crosses", (100.05, 99.95), [1]),
        ("crosses", (100, 100, 101, 99), [3]),
        ("crosses", (99, 101, 100.5, 99.5, 100.5), [1]),
        ("crosses", (99, 101.5, 101.6, 99), [1, 3]),
    ],
)
def test_a_level_is_told_when_it_is_got_to_and_again_after_it_was_left(
    comparison: str, prices: tuple[float, ...], expected: list[int]
) -> None:
    assert told(price_rule(comparison), *prices) == expected


@given(st.lists(st.floats(99.01, 100.99), max_size=50))
def test_a_price_that_flutters_within_the_hysteresis_is_told_once_at_most(prices: list[float]) -> None:
    for comparison in ("above", "below", "crosses"):
        assert len(told(price_rule(comparison), *prices)) <= 1


@given(st.lists(st.floats(1, 200), max_size=50), st.floats(0, 5))
def test_between_two_alerts_the_price_has_left_its_level_or_come_from_beyond(prices: list[float], band: float) -> None:
    found = told(price_rule("above", hysteresis_percent=band), *prices)
    assert all(prices[number] >= 100 for number in found)
    for first, second in pairwise(found):
        assert min(prices[first:second]) < 100 - band


def test_while_it_cools_down_nothing_is_told_and_what_still_holds_then_is() -> None:
    hasty = price_rule("above", cool_down_s=10)
    assert told(hasty, 101, 90, 101, 90, 90, step_s=2) == [0]
    assert told(hasty, 101, 90, 101, 101, 101, 101, step_s=2) == [0, 5]


def test_a_clock_that_was_set_back_silences_nobody() -> None:
    kept = Standing(-1, "", 86_400 * SECOND_NS)
    assert told(price_rule("above", cool_down_s=10, standing=kept), 99, 101) == [1]


def test_one_that_tells_once_never_tells_again() -> None:
    assert told(price_rule("above", once=True), 101, 90, 101) == [0]


def test_where_it_stands_can_be_kept_and_gone_on_from() -> None:
    waiting, _ = judge(price_rule("crosses"), Look(99, ""), SECOND_NS)
    kept = msgspec.json.decode(msgspec.json.encode(waiting), type=Standing)
    assert told(price_rule("crosses", standing=kept), 101) == [0]


def test_a_change_is_measured_from_the_previous_close() -> None:
    rises, falls = (PriceCondition(instrument="NSE:A", comparison=one, value=2) for one in ("rises", "falls"))
    assert look_at_price(rises, tick(102)) is None
    look = look_at_price(rises, tick(102.5, previous_close=100))
    assert look is not None
    assert look.value == pytest.approx(2.5)
    assert look.words == "NSE:A is +2.50 % from its previous close: 102.5 after 100"
    assert told(rule(rises), 1.9, 2.0, 1.5, 2.0, 0.9, 2.1) == [1, 5]
    assert told(rule(falls), -1.9, -2.1, -1.5, -2.1, -0.9, -2.0) == [1, 5]


def test_an_opening_away_from_the_close_is_told_once_a_day() -> None:
    gaps = PriceCondition(instrument="NSE:A", comparison="gaps", value=2)
    assert look_at_price(gaps, tick(97, previous_close=100)) is None
    look = look_at_price(gaps, tick(97, previous_close=100, day_open=97.5))
    assert look is not None
    assert (look.value, look.about) == (pytest.approx(2.5), "100 97.5")
    assert "opened -2.50 % from" in look.words
    assert told(rule(gaps), 2.5, 2.5, 2.5, about=("monday", "monday", "tuesday")) == [0, 2]


def test_what_is_missing_down_or_ends_is_told_until_it_is_well_again() -> None:
    gap, feed, token = (
        GapCondition(instrument="NSE:A", minutes=5),
        FeedCondition(provider="dhan", seconds=60),
        TokenCondition(provider="dhan", hours=2),
    )
    assert told(rule(gap), 4, 5, 6, 0, 5) == [1, 4]
    assert told(rule(feed), 0, 59, 60, 90, 0, 61) == [2, 5]
    assert told(rule(token), *(look_at_token(token, left_s).value for left_s in (7_201, 7_199, -5, 86_400, 0))) == [
        1,
        4,
    ]
    assert look_at_token(token, -5).words == "The token of dhan has ended"
    assert look_at_feed(feed, "stale", 61.2, "silent").words == "The feed of dhan has been stale for 61 s (silent)"
    assert look_at_gap(gap, 5).words == "NSE:A: 5 min are missing or in doubt; they are being healed"


@pytest.mark.parametrize(
    "written",
    [
        {"kind": "price", "instrument": "NSE:A", "comparison": "near", "value": 1},
        {"kind": "price", "instrument": "NSE:A", "comparison": "above", "value": 0},
        {"kind": "price", "instrument": "NSE:A", "comparison": "above"},
        {"kind": "gap", "instrument": "NSE:A", "minutes": 0},
        {"kind": "feed", "provider": "dhan", "seconds": 60, "instrument": "NSE:A"},
        {"kind": "moon"},
    ],
)
def test_what_is_no_condition_is_refused(written: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(written, Condition)

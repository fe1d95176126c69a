"""The levels: a price finds the rules it concerns, all of them and no others, as if each were judged by every price."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from engine.market.alert_book import AlertBook
from engine.market.alert_levels import Levels
from engine.market.alert_rule import BELOW, AlertRule, PriceCondition, Standing, judge, look_at_price
from engine.market.tick import Tick

S = 1_000_000_000
RULES = st.lists(
    st.tuples(
        st.sampled_from(("above", "below", "crosses")),
        st.sampled_from((98.0, 99.0, 100.0, 100.5, 102.0)),
        st.booleans(),
        st.sampled_from((0, 3)),
        st.sampled_from((0.0, 1.0)),
    ),
    min_size=1,
    max_size=8,
)
PRICES = st.lists(
    st.tuples(st.sampled_from((97.0, 98.0, 99.5, 100.0, 100.5, 101.5, 103.02, 104.0)), st.integers(-4, 4))
)


def tick(price: float) -> Tick:
    return Tick("NSE:A", price, 1, 1, 0, 0, "test")


def rule(identity: int, comparison: Any, value: float, *, once: bool, cool_down_s: int, band: float) -> AlertRule:
    condition = PriceCondition(instrument="NSE:A", comparison=comparison, value=value)
    values: dict[str, Any] = {"owner": "u", "name": "", "revision": 0, "standing": Standing()}
    return AlertRule(
        id=identity, condition=condition, once=once, cool_down_s=cool_down_s, hysteresis_percent=band, **values
    )


def told_by_each(rules: list[AlertRule], prices: list[tuple[float, int]]) -> list[tuple[int, int]]:
    """What every rule tells that is put before every price: which, and by which price."""
    found: list[tuple[int, int]] = []
    now_s = 100
    for number, (price, step_s) in enumerate(prices):
        now_s += step_s
        for place, one in enumerate(rules):
            assert isinstance(one.condition, PriceCondition)
            look = look_at_price(one.condition, tick(price))
            assert look is not None
            standing, is_told = judge(one, look, now_s * S)
            rules[place] = msgspec.structs.replace(one, standing=standing)
            found += [(one.id, number)] if is_told else []
    return found


@given(RULES, PRICES)
def test_the_same_is_told_as_by_putting_each_price_before_each_rule(
    drawn: list[tuple[str, float, bool, int, float]], prices: list[tuple[float, int]]
) -> None:
    rules = [
        rule(number, comparison, value, once=once, cool_down_s=cool_down_s, band=band)
        for number, (comparison, value, once, cool_down_s, band) in enumerate(drawn)
    ]
    book, now_s = AlertBook(), 100
    book.replace(rules, 0, now_s * S)
    told: list[tuple[int, int]] = []
    for number, (price, step_s) in enumerate(prices):
        now_s += step_s
        book.take(tick(price), now_s * S)
        told += [(due.rule.id, number) for due in book.due]
        book.due.clear()
    assert told == told_by_each([*rules], prices)


def test_a_price_looks_at_no_rule_that_it_does_not_concern() -> None:
    terms: dict[str, Any] = {"once": False, "cool_down_s": 60, "band": 1.0}
    waiting = [rule(number, "above", 100.0 + number, **terms) for number in range(1_000)]
    waiting = [msgspec.structs.replace(one, standing=Standing(BELOW)) for one in waiting]
    levels = Levels(waiting, 0)
    assert levels.concerned(99.9, 0) == []
    assert levels.concerned(102.0, 0) == [0, 1, 2]


def test_a_rule_that_cools_down_is_looked_at_again_when_it_has_or_the_clock_was_set_back() -> None:
    cooling = rule(1, "above", 100.0, once=False, cool_down_s=60, band=1.0)
    cooling = msgspec.structs.replace(cooling, standing=Standing(BELOW, "", 100 * S))
    levels = Levels([cooling], 110 * S)
    assert levels.concerned(101.0, 159 * S) == []
    assert levels.concerned(101.0, 160 * S) == [1]
    levels = Levels([cooling], 110 * S)
    assert levels.concerned(101.0, 50 * S) == [1]

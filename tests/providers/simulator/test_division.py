"""Whatever a bar is divided into makes that bar again."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from engine.providers.simulator.division import Bar, divide, path, points_needed, split


@st.composite
def bars(draw: st.DrawFn) -> Bar:
    low = draw(st.integers(1, 500_000))
    high = low + draw(st.integers(0, 2_000))
    inside = st.integers(low, high)
    return Bar(draw(inside), high, low, draw(inside))


def seeds() -> st.SearchStrategy[Random]:
    return st.integers(0, 2**64).map(Random)


@given(bar=bars(), points=st.integers(1, 300), rng=seeds())
def test_the_candle_of_a_path_is_its_bar(bar: Bar, points: int, rng: Random) -> None:
    prices = path(bar, points, rng)

    assert Bar(prices[0], max(prices), min(prices), prices[-1]) == bar
    assert len(prices) == max(points, points_needed(bar))


@given(bar=bars(), parts=st.integers(1, 400), rng=seeds())
def test_the_parts_of_a_bar_make_it_again(bar: Bar, parts: int, rng: Random) -> None:
    children = divide(bar, parts, rng)

    assert len(children) == parts
    assert children[0].open == bar.open
    assert children[-1].close == bar.close
    assert max(child.high for child in children) == bar.high
    assert min(child.low for child in children) == bar.low
    for child in children:
        assert child.low <= min(child.open, child.close) <= max(child.open, child.close) <= child.high


@given(
    total=st.integers(0, 10**9),
    weights=st.lists(st.floats(0.1, 10.0), min_size=1, max_size=200),
    minimum=st.integers(0, 50),
)
def test_the_parts_of_a_total_add_up_to_it_and_keep_the_minimum_it_can_pay(
    total: int, weights: list[float], minimum: int
) -> None:
    parts = split(total, weights, minimum)

    assert sum(parts) == total
    assert len(parts) == len(weights)
    assert min(parts) >= min(minimum, total // len(weights))


def test_a_rising_bar_visits_its_low_before_its_high() -> None:
    prices = path(Bar(100, 120, 80, 110), 50, Random(1))

    assert prices.index(80) < prices.index(120)


def test_a_falling_bar_visits_its_high_before_its_low() -> None:
    prices = path(Bar(110, 120, 80, 100), 50, Random(1))

    assert prices.index(120) < prices.index(80)

"""What open interest says of a chain."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market.chain_snapshot import BuildUp, Wall
from engine.market.open_interest import BUILD_UPS, build_ups, max_pain, put_call_ratio, walls

INTEREST = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 10_000)), min_size=1, max_size=20)


def pain(settlement: float, strikes: list[float], calls: list[int], puts: list[int]) -> float:
    """What the writers of all options would pay."""
    return sum(
        call * max(settlement - strike, 0) + put * max(strike - settlement, 0)
        for strike, call, put in zip(strikes, calls, puts, strict=True)
    )


@given(interest=INTEREST)
def test_max_pain_is_the_strike_at_which_writers_pay_least(interest: list[tuple[int, int]]) -> None:
    strikes = [25_000.0 + 50 * row for row in range(len(interest))]
    calls, puts = [call for call, _ in interest], [put for _, put in interest]
    found = max_pain(np.array(strikes), np.array(calls, float), np.array(puts, float))
    if not any(calls) and not any(puts):
        assert found is None
    else:
        assert found == min(strikes, key=lambda settlement: pain(settlement, strikes, calls, puts))


def test_no_strikes_hurt_nobody() -> None:
    assert max_pain(np.array([]), np.array([]), np.array([])) is None


def test_the_ratio_is_of_puts_by_calls_and_unknown_without_calls() -> None:
    assert put_call_ratio(150, 100) == 1.5
    assert put_call_ratio(0, 100) == 0.0
    assert put_call_ratio(150, 0) is None


def test_walls_are_the_largest_interests_and_never_empty_strikes() -> None:
    strikes = np.array([100.0, 150.0, 200.0, 250.0, 300.0])
    assert walls(strikes, np.array([5.0, 30.0, 0.0, 20.0, 10.0])) == (Wall(150.0, 30), Wall(250.0, 20), Wall(300.0, 10))
    assert walls(strikes, np.array([0.0, 30.0, 0.0, 0.0, 0.0])) == (Wall(150.0, 30),)


@pytest.mark.parametrize(
    ("price", "interest", "meaning"),
    [
        (1.0, 75.0, BuildUp.LONG_BUILD_UP),
        (-1.0, 75.0, BuildUp.SHORT_BUILD_UP),
        (1.0, -75.0, BuildUp.SHORT_COVERING),
        (-1.0, -75.0, BuildUp.LONG_UNWINDING),
        (0.0, 75.0, None),
        (1.0, 0.0, None),
        (np.nan, 75.0, None),
        (1.0, np.nan, None),
    ],
)
def test_price_and_interest_together_tell_who_came_or_left(
    price: float, interest: float, meaning: BuildUp | None
) -> None:
    assert BUILD_UPS[build_ups(np.array([price]), np.array([interest]))[0]] is meaning

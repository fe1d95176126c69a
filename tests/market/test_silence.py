"""The pace meter: a talkative one is missed soon, a quiet one is given time, and no burst makes anybody impatient."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.market.silence import OVER_AFTER, SUSPECT_AFTER, PaceMeter

MEANS = st.floats(0.01, 1_000.0)
SEEDS = st.integers(0, 2**32)


def poisson(meter: PaceMeter, mean_s: float, count: int, seed: int, start_s: float = 0.0) -> tuple[float, int]:
    """Lets a meter hear a Poisson stream; when it ended, and how many of its pauses were taken for none of the usual."""
    chance, now_s, flagged = random.Random(seed), start_s, 0
    for _ in range(count):
        pause_s = chance.expovariate(1.0 / mean_s)
        flagged += pause_s > OVER_AFTER * meter.expected_s
        now_s += pause_s
        meter.heard(now_s)
    return now_s, flagged


@settings(max_examples=60, deadline=None)
@given(MEANS, SEEDS)
def test_of_a_steady_stream_hardly_a_pause_in_a_thousand_is_taken_for_an_outage(mean_s: float, seed: int) -> None:
    """Stated: 3 expected intervals are 15 means; of a hundred thousand such pauses hardly one was longer."""
    meter = PaceMeter()
    poisson(meter, mean_s, 30, seed)
    _, flagged = poisson(meter, mean_s, 1_000, seed + 1)
    assert flagged <= 2


@settings(max_examples=60, deadline=None)
@given(st.floats(0.1, 120.0), SEEDS)
def test_a_stream_that_stops_is_always_missed_within_the_bound(mean_s: float, seed: int) -> None:
    """The bound is three expected intervals, and an expected interval is about five means: never ten of them."""
    meter = PaceMeter()
    poisson(meter, mean_s, 200, seed)
    assert meter.expected_s < max(10.0 * mean_s, 3.0)
    assert meter.chance(OVER_AFTER * meter.expected_s) < 0.0001


@settings(max_examples=30, deadline=None)
@given(MEANS, SEEDS)
def test_the_expected_interval_is_the_one_that_a_pause_in_a_hundred_exceeds(mean_s: float, seed: int) -> None:
    meter = PaceMeter()
    poisson(meter, mean_s, 500, seed)
    assert meter.chance(meter.expected_s) == pytest.approx(0.01)


def test_the_burst_of_the_open_makes_nobody_impatient() -> None:
    """A thousand prints in five minutes, then one a minute: by their number the mean would be a third of a second."""
    meter = PaceMeter()
    yesterday_s, _ = poisson(meter, 60.0, 300, 1)
    meter.rest()
    open_s = yesterday_s + 60_000.0
    now_s, _ = poisson(meter, 0.3, 1_000, 2, open_s)
    assert now_s - open_s > 240
    assert meter.mean_s > 30.0
    _, flagged = poisson(meter, 60.0, 200, 3, now_s)
    assert flagged == 0


def test_an_outage_is_not_learned_as_if_it_were_the_pace() -> None:
    meter = PaceMeter()
    end_s, _ = poisson(meter, 1.0, 600, 4)
    expected_s = meter.expected_s
    meter.heard(end_s + 1_800.0)
    assert meter.expected_s < 2 * expected_s


def test_who_has_been_heard_twice_is_given_time() -> None:
    meter = PaceMeter()
    meter.heard(0.0)
    meter.heard(100.0)
    assert SUSPECT_AFTER * meter.expected_s > 1_000.0


def test_a_rest_is_no_pause() -> None:
    meter = PaceMeter()
    end_s, _ = poisson(meter, 1.0, 100, 5)
    state = meter.state()
    meter.rest()
    assert meter.heard(end_s + 60_000.0) == 0.0
    assert meter.state() == state


def test_what_was_learned_outlives_the_meter() -> None:
    meter = PaceMeter()
    poisson(meter, 5.0, 100, 6)
    assert PaceMeter.restore(meter.state()).expected_s == meter.expected_s


def test_a_clock_that_goes_back_makes_no_pause() -> None:
    meter = PaceMeter()
    meter.heard(100.0)
    assert meter.heard(50.0) == 0.0
    assert meter.heard(51.0) == 1.0

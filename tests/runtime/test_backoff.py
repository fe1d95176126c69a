"""The delays between restarts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.runtime import GENTLE, NONE, Backoff, SpecError

SHARES = st.floats(0, 1, exclude_max=True)


def test_delays_grow_by_the_factor_to_the_cap() -> None:
    backoff = Backoff(initial_s=1, maximum_s=10, factor=2, jitter=0)

    assert [backoff.delay(attempt, 0.5) for attempt in range(6)] == [1, 2, 4, 8, 10, 10]


def test_jitter_only_shortens() -> None:
    backoff = Backoff(initial_s=10, maximum_s=10, jitter=0.5)

    assert backoff.delay(0, 0.0) == 10
    assert backoff.delay(0, 0.5) == 7.5


@given(attempt=st.integers(0, 100_000), jitter=SHARES, factor=st.floats(1, 10), initial=st.floats(0, 5))
def test_a_delay_is_never_beyond_the_cap_nor_negative(
    attempt: int, jitter: float, factor: float, initial: float
) -> None:
    backoff = Backoff(initial_s=initial, maximum_s=30, factor=factor)

    assert 0 <= backoff.delay(attempt, jitter) <= 30


@given(attempt=st.integers(0, 1_000), jitter=SHARES)
def test_delays_never_shrink_with_the_attempts(attempt: int, jitter: float) -> None:
    for backoff in (Backoff(), GENTLE):
        assert backoff.delay(attempt, jitter) <= backoff.delay(attempt + 1, jitter)


def test_none_waits_for_nothing() -> None:
    assert NONE.delay(5, 0.9) == 0


@pytest.mark.parametrize(
    "wrong",
    [{"initial_s": 2, "maximum_s": 1}, {"initial_s": -1}, {"factor": 0.5}, {"jitter": 1.5}],
)
def test_a_backoff_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SpecError):
        Backoff(**wrong)

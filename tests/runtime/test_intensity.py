"""How many restarts are too many."""

from hypothesis import given
from hypothesis import strategies as st

from engine.runtime.intensity import Intensity


def test_one_more_than_the_limit_within_the_period_is_too_many() -> None:
    intensity = Intensity(limit=2, period_s=10)

    assert [intensity.allows(now) for now in (0, 1, 2)] == [True, True, False]


def test_restarts_older_than_the_period_do_not_count() -> None:
    intensity = Intensity(limit=2, period_s=10)

    assert all(intensity.allows(now) for now in (0, 5.5, 11, 16.5, 22))


@given(limit=st.integers(0, 5), gaps=st.lists(st.floats(0, 20), max_size=40))
def test_the_verdict_is_the_number_of_restarts_in_the_last_period(limit: int, gaps: list[float]) -> None:
    intensity = Intensity(limit, period_s=10)
    times: list[float] = []
    for gap in gaps:
        times.append((times[-1] if times else 0) + gap)
        recent = [time for time in times if times[-1] - time <= 10]
        assert intensity.allows(times[-1]) == (len(recent) <= limit)

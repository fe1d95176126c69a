"""Buckets, throttles and headers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.access import bearer
from web.limits import Bucket, Throttle


def test_a_bucket_lets_a_burst_through_and_then_its_rate() -> None:
    bucket = Bucket(rate_per_s=2.0, burst=3.0, now_s=0.0)
    assert [bucket.take(0.0) for _ in range(4)] == [True, True, True, False]
    assert bucket.wait_s() == 0.5
    assert bucket.take(0.5)
    assert not bucket.take(0.5)


@given(st.lists(st.floats(0, 10), min_size=1, max_size=50))
def test_a_bucket_never_lets_more_through_than_burst_and_rate(pauses: list[float]) -> None:
    bucket, now_s, passed = Bucket(3.0, 5.0, 0.0), 0.0, 0
    for pause in pauses:
        now_s += pause
        passed += bucket.take(now_s)
    assert passed <= 5.0 + 3.0 * now_s + 1e-6


def test_a_throttle_knows_its_keys_apart_and_forgets_the_oldest() -> None:
    throttle = Throttle(1.0, 1.0, capacity=2)
    assert throttle.take("a", 0.0) == 0.0
    assert throttle.take("a", 0.0) == 1.0
    assert throttle.exhausted("a", 0.5)
    assert not throttle.exhausted("b", 0.5)
    for key in ("b", "c"):
        assert throttle.take(key, 0.0) == 0.0
    assert throttle.take("a", 0.0) == 0.0, "it was forgotten"


def test_a_key_may_have_a_rate_of_its_own() -> None:
    throttle = Throttle(1.0, 1.0)
    assert [throttle.take("a", 0.0, 5.0, 2.0) for _ in range(3)] == [0.0, 0.0, 0.2]
    assert throttle.take("a", 0.0) == 0.0, "another rate begins with a full bucket"


@pytest.mark.parametrize(
    ("header", "token"),
    [("Bearer abc", "abc"), ("bearer  abc ", "abc"), ("Basic abc", None), ("Bearer", None), ("", None), (None, None)],
)
def test_tokens_come_as_bearer(header: str | None, token: str | None) -> None:
    assert bearer(header) == token

"""Buckets, throttles and the administrator's token."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.access import Access, bearer, token_hash
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


def test_only_the_token_is_admitted() -> None:
    access = Access(public_feed=False, admin_hash=token_hash("right"))
    assert access.admits("right", "here", 0.0)
    assert not access.admits("wrong", "here", 0.0)
    assert not access.admits("\ud800", "here", 0.0)


def test_nobody_is_admitted_while_no_token_is_known_and_nobody_has_guessed() -> None:
    access = Access(public_feed=True)
    for _ in range(20):
        assert not access.admits("-" * 64, "here", 0.0)
    access.admin_hash = token_hash("right")
    assert access.admits("right", "here", 0.0)


def test_guessing_costs_time_and_only_whoever_guesses() -> None:
    access = Access(public_feed=False, admin_hash=token_hash("right"))
    for _ in range(10):
        access.admits("wrong", "here", 0.0)
    assert not access.admits("right", "here", 0.0)
    assert access.admits("right", "elsewhere", 0.0)
    assert access.admits("right", "here", 6.5)


@pytest.mark.parametrize(
    ("header", "token"),
    [("Bearer abc", "abc"), ("bearer  abc ", "abc"), ("Basic abc", None), ("Bearer", None), ("", None), (None, None)],
)
def test_tokens_come_as_bearer(header: str | None, token: str | None) -> None:
    assert bearer(header) == token

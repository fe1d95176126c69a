from collections.abc import Callable
from functools import partial

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from engine.providers.base import Advice, ProviderError
from engine.providers.rate_limiter import Daily, Quota, RateLimiter, Share, TokenBucket

INDIA_S = 19_800
"""How far India's clocks are ahead of UTC."""


@given(
    per_second=st.floats(0.1, 100),
    burst=st.integers(1, 20),
    pauses=st.lists(st.floats(0, 10), min_size=1, max_size=60),
)
def test_a_bucket_never_lets_more_through_than_its_rate_and_burst(
    per_second: float, burst: int, pauses: list[float]
) -> None:
    bucket, now_s, taken = TokenBucket(per_second, burst), 0.0, list[float]()
    for pause in pauses:
        now_s += pause
        while bucket.ready_in(now_s) > 1e-9:
            now_s += bucket.ready_in(now_s)
        bucket.take(now_s)
        taken.append(now_s)

    for first, start in enumerate(taken):
        for last, end in enumerate(taken[first:], first):
            assert last - first + 1 <= burst + (end - start) * per_second + 1e-6


def test_a_rested_bucket_lets_a_burst_through_at_once() -> None:
    bucket = TokenBucket(per_second=2, burst=3)
    for _ in range(3):
        assert bucket.ready_in(100.0) == 0
        bucket.take(100.0)

    assert bucket.ready_in(100.0) == 0.5


def before_midnight(seconds: float) -> Callable[[], float]:
    """A clock in UTC that stands so long before the end of India's day."""
    return lambda: 86_400 - INDIA_S - seconds


def test_a_quota_is_whole_again_when_the_day_is_over_where_it_is_counted() -> None:
    quota = Quota(Daily(2, INDIA_S), before_midnight(10))
    quota.take(0.0)
    quota.take(4.0)

    assert (quota.ready_in(4.0), quota.ready_in(9.0), quota.ready_in(10.0)) == (6.0, 1.0, 0.0)


async def test_callers_pass_one_by_one_in_their_order(autojump_clock: trio.testing.MockClock) -> None:
    limiter = RateLimiter(TokenBucket(per_second=2))
    passed: list[tuple[int, float]] = []

    async def call(number: int) -> None:
        await limiter.acquire()
        passed.append((number, trio.current_time() - start))

    start = trio.current_time()
    async with trio.open_nursery() as nursery:
        for number in range(4):
            nursery.start_soon(call, number)
            await trio.testing.wait_all_tasks_blocked()

    assert passed == [(0, 0.0), (1, 0.5), (2, 1.0), (3, 1.5)]


async def test_the_strictest_rule_decides(autojump_clock: trio.testing.MockClock) -> None:
    limiter = RateLimiter(TokenBucket(per_second=10), Quota(Daily(2, INDIA_S), before_midnight(60)))
    start = trio.current_time()

    for _ in range(3):
        await limiter.acquire()

    assert trio.current_time() - start == 60


async def test_a_cancelled_caller_has_taken_nothing(autojump_clock: trio.testing.MockClock) -> None:
    limiter = RateLimiter(TokenBucket(per_second=1))
    start = trio.current_time()
    await limiter.acquire()
    with trio.move_on_after(0.5):
        await limiter.acquire()

    await limiter.acquire()

    assert trio.current_time() - start == 1


async def test_a_limit_used_up_for_long_is_told_instead_of_waited_for() -> None:
    limiter = RateLimiter(Quota(Daily(1, INDIA_S), before_midnight(7_200)), patience_s=90)
    await limiter.acquire()

    with pytest.raises(ProviderError, match="rate limit") as raised:
        await limiter.acquire()

    assert raised.value.advice is Advice.WAIT
    assert raised.value.wait_s == pytest.approx(7_200, abs=5)


async def test_a_hold_stops_everyone(autojump_clock: trio.testing.MockClock) -> None:
    limiter = RateLimiter(TokenBucket(per_second=100))
    start = trio.current_time()

    await limiter.hold(30)
    await limiter.hold(10)
    await limiter.acquire()

    assert trio.current_time() - start == 30


async def test_a_patient_caller_gives_way_to_everybody_who_waits(autojump_clock: trio.testing.MockClock) -> None:
    limiter = RateLimiter(TokenBucket(per_second=5))
    passed: list[str] = []

    async def call(name: str, *, patient: bool) -> None:
        await limiter.acquire(patient=patient)
        passed.append(name)

    await limiter.acquire()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(call, "background", patient=True))
        await trio.testing.wait_all_tasks_blocked()
        for _ in range(3):
            nursery.start_soon(partial(call, "healing", patient=False))

    assert passed == ["healing", "healing", "healing", "background"]


async def test_a_cancelled_caller_keeps_no_patient_one_waiting(autojump_clock: trio.testing.MockClock) -> None:
    limiter = RateLimiter(TokenBucket(per_second=1))
    await limiter.acquire()
    began_s = trio.current_time()
    with trio.move_on_after(0.1) as waiting:
        await limiter.acquire()
    assert waiting.cancelled_caught
    await limiter.acquire(patient=True)
    assert trio.current_time() - began_s <= 2


class Purse:
    """A budget in this process: two limiters that share it stand for two processes."""

    def __init__(self) -> None:
        self.buckets: dict[str, TokenBucket] = {}
        self.held_until_s = 0.0

    async def take(self, name: str, per_second: float, daily: Daily | None) -> float:
        await trio.lowlevel.checkpoint()
        bucket = self.buckets.setdefault(name, TokenBucket(per_second))
        now_s = trio.current_time()
        wait_s = max(self.held_until_s - now_s, bucket.ready_in(now_s))
        if not wait_s:
            bucket.take(now_s)
        return wait_s

    async def hold(self, name: str, seconds: float) -> None:
        await trio.lowlevel.checkpoint()
        self.held_until_s = trio.current_time() + seconds


async def test_two_processes_of_one_account_keep_one_limit(autojump_clock: trio.testing.MockClock) -> None:
    share = Share(Purse(), "dhan/charts", 2.0)
    limiters = [RateLimiter(TokenBucket(per_second=2), share=share) for _ in range(2)]
    passed: list[float] = []

    async def call(limiter: RateLimiter) -> None:
        for _ in range(4):
            await limiter.acquire()
            passed.append(trio.current_time() - start)

    start = trio.current_time()
    async with trio.open_nursery() as nursery:
        for limiter in limiters:
            nursery.start_soon(call, limiter)

    assert passed == pytest.approx([number / 2 for number in range(8)])


async def test_what_one_process_is_told_to_wait_the_other_waits_too(autojump_clock: trio.testing.MockClock) -> None:
    share = Share(Purse(), "dhan/charts", 10.0)
    told, other = (RateLimiter(TokenBucket(per_second=10), share=share) for _ in range(2))
    await told.hold(20)
    start = trio.current_time()

    await other.acquire()

    assert trio.current_time() - start >= 20

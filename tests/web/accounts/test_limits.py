"""Attempts and requests: counted for all processes where they can be, here where not, and never given away by an outage."""

import anyio
import pytest

from engine.storage.memory import MemoryHotStore
from web.accounts.attempts import SIGN_IN_ACCOUNT, Attempts, Rule
from web.accounts.limits import AT_ONCE_S, USER_PER_S, RequestLimits
from web.accounts.principal import OPERATOR, Principal

pytestmark = pytest.mark.anyio

RULE = Rule("account", 3, 60)


class Clock:
    """Moved by hand, and the same for Redis."""

    def __init__(self) -> None:
        self.now_s = 1_000_000.0

    def __call__(self) -> float:
        return self.now_s

    def now_ns(self) -> int:
        return int(self.now_s * 1e9)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def redis(clock: Clock) -> MemoryHotStore:
    return MemoryHotStore(clock.now_ns)


async def waits(attempts: Attempts, times: int, who: str = "ann") -> list[float]:
    return [await attempts.wait_s(RULE, who) for _ in range(times)]


async def test_attempts_are_counted_over_all_processes(clock: Clock, redis: MemoryHotStore) -> None:
    one, other = Attempts(redis, clock), Attempts(redis, clock)
    assert await waits(one, 2) == [0, 0]
    assert await waits(other, 2) == [0, 60]
    assert await waits(one, 1) == [60]
    assert await waits(one, 1, "bob") == [0]
    clock.now_s += 59.5
    assert (await waits(other, 1))[0] <= 1
    clock.now_s += 1
    assert await waits(other, 3) == [0, 0, 0]


async def test_an_outage_neither_ends_a_limit_nor_begins_it_anew(clock: Clock, redis: MemoryHotStore) -> None:
    attempts = Attempts(redis, clock)
    assert await waits(attempts, 3) == [0, 0, 0]
    redis.link.away = True
    assert await waits(attempts, 1) == [60]
    assert await waits(attempts, 4, "bob") == [0, 0, 0, 60]
    redis.link.away = False
    redis.link.space.clear()
    assert await waits(attempts, 1, "bob") == [60], "a Redis that has lost its counts gives nothing away either"
    clock.now_s += 60
    assert await waits(attempts, 1) == [0]


async def test_who_was_right_is_forgiven_here_and_everywhere(clock: Clock, redis: MemoryHotStore) -> None:
    one, other = Attempts(redis, clock), Attempts(redis, clock)
    await waits(one, 3)
    await one.forgive(RULE, "ann")
    assert await waits(other, 1) == [0]
    assert await waits(one, 2) == [0, 0]
    redis.link.away = True
    await one.forgive(RULE, "ann")
    assert await waits(one, 1) == [0]


async def test_many_at_once_are_many(clock: Clock, redis: MemoryHotStore) -> None:
    attempts, passed = Attempts(redis, clock), 0

    async def attempt() -> None:
        nonlocal passed
        wait_s = await attempts.wait_s(SIGN_IN_ACCOUNT, "ann")
        passed += wait_s == 0

    async with anyio.create_task_group() as group:
        for _ in range(100):
            group.start_soon(attempt)
    assert passed == SIGN_IN_ACCOUNT.most


async def test_no_email_stands_in_redis(clock: Clock, redis: MemoryHotStore) -> None:
    await Attempts(redis, clock).wait_s(RULE, "ann@example.org" * 100)
    (name,) = redis.link.space.names()
    assert "ann" not in name
    assert len(name) < 64


def test_an_account_asks_so_often_and_a_key_as_often_as_it_may() -> None:
    limits = RequestLimits()
    ann, bob = Principal("user", "u1"), Principal("user", "u2")
    key = Principal("key", "k1", requests_per_minute=60)
    at_once = int(USER_PER_S * AT_ONCE_S)
    assert [limits.of(ann, 0.0) for _ in range(at_once + 1)] == [0.0] * at_once + [1 / USER_PER_S]
    assert limits.of(bob, 0.0) == 0.0
    assert [limits.of(key, 0.0) for _ in range(11)] == [0.0] * 10 + [1.0]
    assert [limits.of(OPERATOR, 0.0) for _ in range(1_000)] == [0.0] * 1_000

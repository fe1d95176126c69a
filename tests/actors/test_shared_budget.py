"""The shared budget: processes of one account, on one Redis, and without it."""

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from actors.shared_budget import SharedBudget
from engine.providers.base import Advice, ProviderError
from engine.providers.rate_limiter import Daily, RateLimiter, Share
from engine.storage.bridge import bridged, open_bridge
from engine.storage.hot import HotStore
from engine.storage.memory import MemoryHotStore

NOON_S = 43_200


def at_noon(calls: int) -> Daily:
    """So many calls a day, where it is noon now: no day ends while a test runs."""
    return Daily(calls, NOON_S - int(time.time()) % 86_400)


@asynccontextmanager
async def process(redis_url: str, calls: int) -> AsyncGenerator[RateLimiter]:
    """What one process has: a connection of its own, and its own limiter."""
    hot = bridged(await bridged(HotStore).connect(redis_url))
    try:
        yield RateLimiter(share=Share(SharedBudget(hot), "dhan/a/charts", 1_000_000, at_noon(calls)))
    finally:
        await hot.close()


async def test_two_processes_of_one_account_share_the_days_calls(redis_url: str) -> None:
    async with open_bridge(), process(redis_url, 5) as one, process(redis_url, 5) as other:
        for limiter in (one, other, one, other, one):
            await limiter.acquire()
        for limiter in (one, other):
            with pytest.raises(ProviderError, match="rate limit is used up") as raised:
                await limiter.acquire()
            assert raised.value.advice is Advice.WAIT
            assert raised.value.wait_s == pytest.approx(NOON_S, abs=60)


async def test_a_process_that_starts_again_has_no_new_days_calls(redis_url: str) -> None:
    async with open_bridge():
        async with process(redis_url, 2) as before:
            await before.acquire()
            await before.acquire()

        async with process(redis_url, 2) as afterwards:
            with pytest.raises(ProviderError, match="rate limit is used up"):
                await afterwards.acquire()


async def test_a_process_without_the_hot_store_keeps_to_its_own_count() -> None:
    hot = MemoryHotStore()
    hot.link.away = True
    limiter = RateLimiter(share=Share(SharedBudget(hot), "dhan/a/charts", 1_000_000, at_noon(2)))
    await limiter.acquire()
    await limiter.acquire()

    with pytest.raises(ProviderError, match="rate limit is used up"):
        await limiter.acquire()

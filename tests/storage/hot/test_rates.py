"""Processes that take from one bucket keep one limit."""

import time

import anyio
import pytest

from engine.storage.hot import HotStore

pytestmark = pytest.mark.anyio


def ahead_s(of_midnight_s: int) -> int:
    """How far clocks are ahead of UTC where the day ends in so many seconds."""
    return 86_400 - of_midnight_s - int(time.time()) % 86_400


async def test_a_bucket_gives_no_more_than_its_rate_whoever_takes(hot: HotStore) -> None:
    taken: list[float] = []

    async def process() -> None:
        while time.monotonic() < end:
            wait_s = await hot.take_token("kite/ab/charts", 20)
            if wait_s:
                await anyio.sleep(wait_s + 0.01)
            else:
                taken.append(time.monotonic())

    began = time.monotonic()
    end = began + 1.0
    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(process)
    assert 5 <= len(taken) <= 1 + (taken[-1] - began) * 20 + 1


async def test_a_rested_bucket_gives_its_burst_and_then_says_how_long(hot: HotStore) -> None:
    assert [await hot.take_token("yahoo", 0.01, 3) for _ in range(3)] == [0, 0, 0]
    assert 99 < await hot.take_token("yahoo", 0.01, 3) <= 100


async def test_buckets_of_other_names_are_others(hot: HotStore) -> None:
    assert await hot.take_token("dhan/a/charts", 0.01) == 0
    assert await hot.take_token("dhan/b/charts", 0.01) == 0
    assert await hot.take_token("dhan/a/charts", 0.01) > 0


async def test_a_held_bucket_gives_nothing_until_then(hot: HotStore) -> None:
    await hot.hold_tokens("dhan", 30)
    assert 29 < await hot.take_token("dhan", 100) <= 30
    await hot.hold_tokens("dhan", 10)
    assert await hot.take_token("dhan", 100) > 29


async def test_a_bucket_nobody_uses_is_forgotten(hot: HotStore) -> None:
    assert await hot.take_token("dhan", 0.2) == 0
    assert 0 < await hot._link.call("TTL", "rate:dhan") <= 6  # pyright: ignore[reportPrivateUsage]


async def test_a_days_tokens_are_used_up_until_midnight_where_the_day_is_counted(hot: HotStore) -> None:
    daily = (2, ahead_s(of_midnight_s=7_200))
    assert [await hot.take_token("dhan", 1_000_000, daily=daily) for _ in range(2)] == [0, 0]
    assert 7_190 < await hot.take_token("dhan", 1_000_000, daily=daily) <= 7_201
    assert await hot.take_token("kite", 1_000_000, daily=daily) == 0


async def test_a_new_day_has_all_its_tokens_as_the_count_of_the_old_one_is_forgotten_before_it(hot: HotStore) -> None:
    assert await hot.take_token("dhan", 1_000_000, daily=(2, ahead_s(of_midnight_s=7_200))) == 0
    assert 7_100 < await hot._link.call("TTL", "rate:dhan:today") < 7_200  # pyright: ignore[reportPrivateUsage]


async def test_a_token_that_was_not_there_is_none_of_the_days(hot: HotStore) -> None:
    daily = (2, ahead_s(of_midnight_s=7_200))
    assert await hot.take_token("dhan", 5, daily=daily) == 0
    wait_s = await hot.take_token("dhan", 5, daily=daily)
    assert 0 < wait_s <= 0.2
    await anyio.sleep(wait_s + 0.01)
    assert await hot.take_token("dhan", 5, daily=daily) == 0

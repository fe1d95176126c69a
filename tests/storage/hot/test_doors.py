"""Tickets admit once, and what ended is told to everybody who follows."""

import anyio
import pytest

from engine.storage.hot import Ended, HotStore

pytestmark = pytest.mark.anyio


async def test_a_ticket_is_taken_once(hot: HotStore) -> None:
    await hot.keep_ticket("ab", b"\x01who")
    assert 0 < await hot._link.call("TTL", "ticket:ab") <= 30  # pyright: ignore[reportPrivateUsage]
    assert await hot.take_ticket("ab") == b"\x01who"
    assert await hot.take_ticket("ab") is None
    assert await hot.take_ticket("cd") is None


async def test_of_many_who_come_at_once_with_one_ticket_one_is_admitted(hot: HotStore) -> None:
    await hot.keep_ticket("ab", b"who")
    taken: list[bytes | None] = []

    async def take() -> None:
        taken.append(await hot.take_ticket("ab"))

    async with anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(take)
    assert sorted(taken, key=bool) == [None] * 7 + [b"who"]


async def test_who_follows_hears_what_ended_while_it_waits_and_before(hot: HotStore) -> None:
    assert await hot.follow_sessions("0-0") == []
    await hot.end_session("key", "k1")
    [(position, ended)] = await hot.follow_sessions("0-0")
    assert ended == Ended("key", "k1")

    heard: list[tuple[str, Ended]] = []
    async with anyio.create_task_group() as group:
        group.start_soon(hot.end_session, "sid", "s1")
        heard = await hot.follow_sessions(position, block_ms=2000)
    assert [ended for _, ended in heard] == [Ended("sid", "s1")]
    assert await hot.follow_sessions(heard[-1][0]) == []
    await hot.end_session("sid", "s2", "s3")
    assert [ended.name for _, ended in await hot.follow_sessions(heard[-1][0])] == ["s2", "s3"]
    assert [ended for _, ended in await hot.follow_sessions("0-0")] == [
        Ended("key", "k1"),
        *(Ended("sid", name) for name in ("s1", "s2", "s3")),
    ]


async def test_attempts_are_counted_for_all_together_within_a_window(hot: HotStore) -> None:
    assert [await hot.count_attempt("ann", 60) for _ in range(3)] == [(1, 60), (2, 60), (3, 60)]
    assert await hot.count_attempt("bob", 90) == (1, 90)
    await hot.forgive_attempts("ann")
    assert (await hot.count_attempt("ann", 60))[0] == 1
    await hot.forgive_attempts("nobody")

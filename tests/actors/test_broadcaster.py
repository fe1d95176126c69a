"""The newest of everything; and every tick, for who follows."""

from typing import Any

import trio

from actors.broadcaster import Broadcaster
from actors.messages import Follow, FollowedWanted, TakeNewest
from engine.market import Tick
from engine.runtime import ActorSystem
from tests.actors.parts import NAME, NOON, among_witnesses, tick

FIRST, SECOND = tick(NOON, 100.0, 1), tick(NOON, 101.0, 2)


def broadcaster(_: ActorSystem) -> Broadcaster:
    return Broadcaster()


async def test_only_the_newest_tick_waits_to_be_taken_but_who_follows_gets_all(autojump_clock: Any) -> None:
    async with among_witnesses(broadcaster, "follower", "other") as (system, seen):
        subject = system.ref("/engine/subject")
        subject.tell(Follow(system.ref("/engine/follower"), frozenset({NAME})))
        subject.tell(Follow(system.ref("/engine/other"), frozenset({"NSE:ELSE"})))
        subject.tell(FIRST)
        subject.tell(SECOND)
        assert await subject.ask(TakeNewest(), timeout_s=5) == {NAME: SECOND}
        await trio.sleep(1)
        assert (seen["follower"], seen["other"]) == ([FIRST, SECOND], [])


async def test_who_follows_something_else_gets_no_more_of_what_it_followed(autojump_clock: Any) -> None:
    async with among_witnesses(broadcaster, "follower") as (system, seen):
        subject, follower = system.ref("/engine/subject"), system.ref("/engine/follower")
        subject.tell(Follow(follower, frozenset({NAME})))
        subject.tell(FIRST)
        subject.tell(Follow(follower, frozenset()))
        subject.tell(SECOND)
        await subject.ask(TakeNewest(), timeout_s=5)
        await trio.sleep(1)
        assert seen["follower"] == [FIRST]


async def test_what_is_followed_by_others_than_those_of_a_place_is_answered(autojump_clock: Any) -> None:
    async with among_witnesses(broadcaster, "follower", "other") as (system, _):
        subject = system.ref("/engine/subject")
        subject.tell(Follow(system.ref("/engine/follower"), frozenset({NAME})))
        subject.tell(Follow(system.ref("/engine/other"), frozenset({"NSE:ELSE"})))
        assert await subject.ask(FollowedWanted("/engine"), timeout_s=5) == frozenset()
        assert await subject.ask(FollowedWanted("/engine/option_chains"), timeout_s=5) == {NAME, "NSE:ELSE"}


async def test_who_has_ended_is_told_nothing_and_may_follow_again(autojump_clock: Any) -> None:
    async with among_witnesses(broadcaster, "follower") as (system, seen):
        subject, follower = system.ref("/engine/subject"), system.ref("/engine/follower")
        wish = Follow(follower, frozenset({NAME}))
        subject.tell(wish)
        await subject.ask(TakeNewest(), timeout_s=5)
        await system.restart("/engine/follower")
        subject.tell(FIRST)
        subject.tell(wish)
        subject.tell(SECOND)
        await subject.ask(TakeNewest(), timeout_s=5)
        await trio.sleep(1)
        assert [message for message in seen["follower"] if isinstance(message, Tick)] == [SECOND]

"""Who is looked at: by anybody, within the last half minute."""

from typing import Any

import trio

from actors.messages import FollowedWanted, Watch, WatchedOnes, WatchList
from actors.watches import Watches
from engine.runtime import ActorSystem
from tests.actors.parts import among_witnesses


def watched(seen: dict[str, list[Any]]) -> list[bool]:
    return [message.watched for message in seen["NSE:A"] if isinstance(message, Watch)]


def watches(system: ActorSystem) -> Watches:
    return Watches("/engine", fallback=system.ref("/engine/fallback"))


async def test_an_instrument_is_told_once_that_it_is_watched_and_once_that_it_no_longer_is(autojump_clock: Any) -> None:
    async with among_witnesses(watches, "NSE:A", "fallback") as (system, seen):
        subject = system.ref("/engine/subject")
        for process in ("one", "two"):
            answer = await subject.ask(WatchList(process, ("NSE:A", "NSE:NOBODY")), timeout_s=5)
            assert answer == {"unmapped": ["NSE:NOBODY"]}
        await trio.sleep(1)
        assert watched(seen) == [True]
        assert await subject.ask(FollowedWanted(""), timeout_s=5) == {"NSE:A"}
        await trio.sleep(20)
        await subject.ask(WatchList("two", ("NSE:A",)), timeout_s=5)
        await trio.sleep(20)
        assert watched(seen) == [True]  # two still looks
        await trio.sleep(20)
        assert watched(seen) == [True, False]
        assert seen["fallback"] == [WatchedOnes(frozenset({"NSE:A"})), WatchedOnes(frozenset())]


async def test_a_process_that_looks_elsewhere_releases_what_it_watched(autojump_clock: Any) -> None:
    async with among_witnesses(watches, "NSE:A", "fallback") as (system, seen):
        subject = system.ref("/engine/subject")
        await subject.ask(WatchList("one", ("NSE:A",)), timeout_s=5)
        await subject.ask(WatchList("one", ()), timeout_s=5)
        await trio.sleep(1)
        assert watched(seen) == [True, False]

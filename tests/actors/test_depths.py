"""Whose books are brought: those that somebody looks at, over no more connections than they need; and who is told why not."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
import trio

from actors.depth_lines import REPEAT_S, DepthLines
from actors.depths import ASKED_S, FOLLOWED_S, LOOK_S, Depths
from actors.messages import Count, DepthsFollowed, DepthWanted
from actors.reconnection import LOOK_S as TOKEN_LOOK_S
from actors.routes import Routes
from engine.market.depth import Depth
from engine.providers.base import Advice, ProviderError, Route
from engine.providers.keyring import Keyring
from engine.runtime import GENTLE, ActorRef, ActorSystem, ChildSpec, LoopClock, Supervisor
from tests.actors.depth_feed import PlayedFeed
from tests.actors.parts import NOON, Witness
from tests.providers.dhan.routes import NIFTY, many

A, B = "NSE:S1", "NSE:S2"
FULL = "dhan tells the depth of 250 instruments at a time, and all of them are taken"


class Floor:
    """An engine's first floor, as far as depths have to do with it."""

    def __init__(self, system: ActorSystem, feed: PlayedFeed, keyring: Keyring, told: list[Any]) -> None:
        self.system = system
        self.feed = feed
        self.keyring = keyring
        self._told = told

    def ref(self, name: str) -> ActorRef:
        return self.system.ref(f"/engine/{name}")

    @property
    def books(self) -> list[tuple[str, float]]:
        """Whose books the publisher was told, each with its best bid."""
        return [(book.instrument, book.bids[0].price) for book in self._told if isinstance(book, Depth)]

    async def follow(self, *instruments: str) -> dict[str, str]:
        refused = (await self.ref("depths").ask(DepthsFollowed(instruments), timeout_s=5))["refused"]
        await trio.sleep(0.1)
        return refused

    async def want(self, instrument: str) -> str:
        return (await self.ask(instrument))["failed"]

    async def ask(self, instrument: str) -> dict[str, Any]:
        answer = await self.ref("depths").ask(DepthWanted(instrument), timeout_s=5)
        await trio.sleep(0.1)
        return answer

    async def follow_for(self, seconds: float, *instruments: str) -> None:
        """As a web process says it: again every ten seconds."""
        for _ in range(round(seconds / 10)):
            await self.follow(*instruments)
            await trio.sleep(9.9)


@asynccontextmanager
async def floor(*, token: str = "good", known: Sequence[Route] = (*many(2), NIFTY)) -> AsyncGenerator[Floor]:
    keyring, routes, told = Keyring.holding("dhan", "1", token), Routes(["dhan"]), list[Any]()
    routes.cover("dhan", known)
    feed = PlayedFeed(keyring)
    async with ActorSystem("engine", clock=LoopClock(NOON)) as system:
        lines = {"dhan": system.ref("/engine/depth_lines_dhan")}
        publisher = system.ref("/engine/depth_publisher")
        make = partial(DepthLines, feed, keyring, publisher=publisher, jitter=lambda: 0.0)
        specs = [
            ChildSpec("depth_publisher", partial(Witness, told)),
            ChildSpec("depth_lines_dhan", make, backoff=GENTLE),
            ChildSpec("depths", partial(Depths, {"dhan": feed}, routes, lines), backoff=GENTLE),
        ]
        await system.start(ChildSpec("engine", partial(Supervisor, specs)))
        yield Floor(system, feed, keyring, told)


async def test_nothing_is_connected_until_somebody_looks_and_what_comes_is_passed_on(autojump_clock: Any) -> None:
    async with floor() as engine:
        await trio.sleep(60)
        assert engine.feed.attempts == []
        assert await engine.follow(A) == {}
        [socket] = engine.feed.sockets
        socket.say(A, 100.0)
        await trio.sleep(0.1)
        assert engine.books == [(A, 99.95)]


async def test_a_book_is_given_back_once_nobody_looks_any_more_and_the_last_one_closes_the_connection(
    autojump_clock: Any,
) -> None:
    async with floor() as engine:
        await engine.follow(A, B)
        await engine.follow_for(2 * FOLLOWED_S, A)
        assert engine.feed.carried == [[A]]
        await trio.sleep(FOLLOWED_S + LOOK_S)
        assert engine.feed.carried == []
        assert len(engine.feed.attempts) == 1


async def test_who_asked_for_a_book_has_it_for_a_minute(autojump_clock: Any) -> None:
    async with floor() as engine:
        assert await engine.want(A) == ""
        await trio.sleep(ASKED_S - LOOK_S)
        assert engine.feed.carried == [[A]]
        await engine.follow(A)
        await trio.sleep(2 * LOOK_S)
        assert engine.feed.carried == [[A]], "it is followed since"
        await trio.sleep(FOLLOWED_S)
        assert engine.feed.carried == []


@pytest.mark.parametrize("name", ["NSE:NIFTY", "NSE:NOBODY"])
async def test_what_has_no_such_depth_is_refused_with_a_sentence_and_the_others_are_brought(
    autojump_clock: Any, name: str
) -> None:
    why = f"nobody tells the depth of {name}: Dhan does, of NSE's shares and derivatives"
    async with floor() as engine:
        assert await engine.follow(A, name) == {name: why}
        assert await engine.ask(name) == {"failed": why, "refused": True}
        assert engine.feed.carried == [[A]]


async def test_of_too_many_those_that_came_first_stay_and_who_leaves_makes_room(autojump_clock: Any) -> None:
    names = [f"NSE:S{number}" for number in range(1, 252)]
    async with floor(known=many(251)) as engine:
        assert await engine.follow(*names[1:]) == {}
        assert [len(carried) for carried in engine.feed.carried] == [50] * 5
        assert await engine.follow(*names) == {A: FULL}
        assert await engine.want(A) == FULL
        await engine.follow_for(2 * FOLLOWED_S, *names[2:])
        assert await engine.follow(A) == {}
        assert len(engine.feed.attempts) == 5
        assert sorted(name for carried in engine.feed.carried for name in carried) == sorted([A, *names[2:]])


async def test_who_joins_goes_to_a_connection_with_room_and_disturbs_nobody(autojump_clock: Any) -> None:
    async with floor(known=many(99)) as engine:
        await engine.follow(*(f"NSE:S{number}" for number in range(1, 50)))
        [first] = engine.feed.sockets
        await engine.follow("NSE:S50")
        assert engine.feed.sockets == [first]
        await engine.follow("NSE:S51")
        assert [len(carried) for carried in engine.feed.carried] == [50, 1]
        assert len(engine.feed.attempts) == 2


async def test_a_lost_connection_is_back_within_seconds_with_all_that_is_wanted(autojump_clock: Any) -> None:
    async with floor() as engine:
        await engine.follow(A)
        engine.feed.sockets[0].say(A, 100.0)
        engine.feed.sockets[0].end()
        await trio.sleep(0.5)
        assert engine.feed.sockets == []
        assert await engine.follow(A, B) == {}, "it comes back by itself"
        await trio.sleep(1)
        assert engine.feed.carried == [[A, B]]
        engine.feed.sockets[0].say(B, 50.0)
        await trio.sleep(0.1)
        assert engine.books == [(A, 99.95), (B, 49.95)]


async def test_a_feed_that_stays_away_is_told_and_tried_less_and_less_often(autojump_clock: Any) -> None:
    """Also where each connection tells a book before it is cut."""
    async with floor() as engine:
        await engine.follow(A)
        for _ in range(4):
            with trio.fail_after(60):
                while not engine.feed.sockets:
                    await trio.sleep(0.5)
            engine.feed.sockets[0].say(A, 100.0)
            engine.feed.sockets[0].end()
            await trio.sleep(0.1)
        assert await engine.want(A) == "Dhan's depth feed closed: without a word"
        between = [
            later - earlier for earlier, later in zip(engine.feed.attempts, engine.feed.attempts[1:], strict=False)
        ]
        assert between == pytest.approx([1.0, 2.0, 4.0], abs=0.2)


async def test_a_dead_token_is_told_and_no_storm_and_a_new_one_is_taken_within_seconds(autojump_clock: Any) -> None:
    async with floor(token="old") as engine:
        await engine.follow_for(900, A)
        assert len(engine.feed.attempts) <= 3
        expired = "Dhan: the access token has expired (code 807)"
        assert await engine.follow(A) == {A: expired}
        assert await engine.ask(A) == {"failed": expired, "refused": False}, "it has its place all the same"
        engine.keyring.replace(Keyring.holding("dhan", "1", "good").current)
        await trio.sleep(TOKEN_LOOK_S + 1)
        assert engine.feed.carried == [[A]]
        assert await engine.follow(A) == {}


async def test_a_connection_outlives_its_token_and_the_next_one_begins_at_once_with_the_new_one(
    autojump_clock: Any,
) -> None:
    async with floor() as engine:
        await engine.follow(A)
        [socket] = engine.feed.sockets
        engine.feed.good = "newer"
        engine.keyring.replace(Keyring.holding("dhan", "1", "newer").current)
        await engine.follow_for(20, A)
        assert engine.feed.sockets == [socket]
        socket.end(ProviderError("Dhan: the access token has expired (code 807)", advice=Advice.NEW_TOKEN))
        await trio.sleep(0.1)
        assert engine.feed.carried == [[A]]
        assert len(engine.feed.attempts) == 2


async def test_who_trades_seldom_is_told_again_as_long_as_the_connection_stands(autojump_clock: Any) -> None:
    async with floor() as engine:
        await engine.follow(A, B)
        engine.feed.sockets[0].say(A, 100.0)
        engine.feed.sockets[0].say(B, 50.0)
        await engine.follow_for(2 * REPEAT_S, A)
        assert engine.books.count((A, 99.95)) >= 3
        engine.feed.good = "another"
        engine.feed.sockets[0].end()
        await trio.sleep(0.1)
        told = len(engine.books)
        await engine.follow_for(2 * REPEAT_S, A)
        assert len(engine.books) == told


async def test_lines_that_crashed_bring_again_what_is_wanted(autojump_clock: Any) -> None:
    async with floor() as engine:
        await engine.follow(A)
        engine.ref("depth_lines_dhan").tell("nobody handles this")
        await trio.sleep(0.1)
        assert await engine.follow(A) == {A: "the depth feed of dhan is being started again: ask once more in a moment"}
        await trio.sleep(2 * LOOK_S)
        assert engine.feed.carried == [[A]]
        assert await engine.ref("depth_lines_dhan").ask(Count(), timeout_s=1) == {
            "depth_lines:dhan": 1, "depths_told:dhan": 0
        }  # fmt: skip
        assert await engine.ref("depths").ask(Count(), timeout_s=1) == {"depths_wished": 1}

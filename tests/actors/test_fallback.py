"""The fallback: who is stranded is asked for, in turn, of whoever answers, and is left as soon as a feed brings it."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import trio

from actors.fallback import A_CALL, Fallback
from actors.messages import Count, Polled, PolledTick, Stranded, WatchedOnes
from actors.quote_sources import QuoteSources
from actors.routes import Routes
from engine.market import Calendars, Quote
from engine.providers.base import Advice, History, ProviderError, Route
from engine.runtime import ActorRef, ActorSystem
from tests.actors.parts import NOON, SECOND_NS, among_witnesses

A, B = "NSE:A", "NSE:B"


class Teller:
    """A provider's REST service: what it says of each instrument, and how it fails."""

    def __init__(self, **prices: float) -> None:
        self.quotes_of = {f"NSE:{name}": Quote(price, NOON - SECOND_NS, 7) for name, price in prices.items()}
        self.error: ProviderError | None = None
        self.asked: list[list[str]] = []

    async def quotes(self, routes: Sequence[Route]) -> dict[str, Quote]:
        self.asked.append([route.instrument for route in routes])
        await trio.sleep(0.1)
        if self.error is not None:
            raise self.error
        return {one.instrument: self.quotes_of[one.instrument] for one in routes if one.instrument in self.quotes_of}


def nowhere(_: str) -> dict[str, Any]:
    raise AssertionError("only an exchange that never closes is asked for")


@asynccontextmanager
async def polling(names: Sequence[str], **tellers: Teller) -> AsyncGenerator[tuple[ActorRef, dict[str, list[Any]]]]:
    routes = Routes(list(tellers))
    for provider in tellers:
        routes.cover(provider, [Route(name, "NSE_EQ", name, 0.05, "equity") for name in names])

    def make(system: ActorSystem) -> Fallback:
        histories = {name: cast("History", teller) for name, teller in tellers.items()}
        sources = QuoteSources(histories, routes, jitter=lambda: 0.0)
        calendars = Calendars(nowhere, {"NSE": "Asia/Kolkata"})
        return Fallback(sources, calendars, instruments="/engine", sentinel=system.ref("/engine/sentinel"))

    async with among_witnesses(make, "sentinel", *names[:2]) as (system, seen):
        yield system.ref("/engine/subject"), seen


def prices(seen: dict[str, list[Any]], name: str) -> list[tuple[float, str, int]]:
    ticks = [message.tick for message in seen[name] if isinstance(message, PolledTick)]
    return [(tick.price, tick.provider, (tick.ts_event - NOON) // SECOND_NS) for tick in ticks]


def polled(seen: dict[str, list[Any]]) -> list[tuple[str, ...]]:
    return [message.instruments for message in seen["sentinel"] if isinstance(message, Polled)]


async def test_the_stranded_are_asked_for_every_second_and_only_news_is_told(autojump_clock: Any) -> None:
    dhan = Teller(A=10.0)
    async with polling([A, B], dhan=dhan) as (subject, seen):
        subject.tell(Stranded({A: "dhan: no data"}))
        await trio.sleep(3)
        assert dhan.asked == [[A]] * 3
        assert prices(seen, A) == [(10.0, "dhan/polled", -1)]
        dhan.quotes_of[A] = Quote(11.0, NOON + 3 * SECOND_NS, 9)
        await trio.sleep(1)
        assert prices(seen, A)[1:] == [(11.0, "dhan/polled", 3)]
        assert polled(seen) == [(A,)]
        assert await subject.ask(Count(), timeout_s=1) == {
            "instruments_stranded": 1, "instruments_polled": 1, "polls": len(dhan.asked)
        }  # fmt: skip


async def test_what_has_never_traded_is_no_price(autojump_clock: Any) -> None:
    async with polling([A, B], dhan=Teller(A=0.0)) as (subject, seen):
        subject.tell(Stranded({A: "dhan: no data"}))
        await trio.sleep(3)
        assert prices(seen, A) == []
        assert polled(seen) == [(A,)], "somebody answers for it"


async def test_it_is_left_as_soon_as_a_feed_brings_them_again(autojump_clock: Any) -> None:
    dhan = Teller(A=10.0)
    async with polling([A, B], dhan=dhan) as (subject, seen):
        subject.tell(Stranded({A: "dhan: no data"}))
        await trio.sleep(3)
        subject.tell(Stranded({}))
        await trio.sleep(0.1)
        asked = len(dhan.asked)
        await trio.sleep(5)
        assert polled(seen) == [(A,), ()]
        assert len(dhan.asked) == asked


async def test_where_the_provider_of_the_dead_feed_does_not_answer_either_the_next_one_is_asked(
    autojump_clock: Any,
) -> None:
    dhan, kite = Teller(A=10.0), Teller(A=10.5)
    dhan.error = ProviderError("token", advice=Advice.NEW_TOKEN)
    async with polling([A, B], dhan=dhan, kite=kite) as (subject, seen):
        subject.tell(Stranded({A: "dhan: token"}))
        await trio.sleep(10)
        assert prices(seen, A) == [(10.5, "kite/polled", -1)]
        assert len(dhan.asked) < len(kite.asked), "the dead are left alone"


async def test_what_nobody_answers_for_is_not_called_polled(autojump_clock: Any) -> None:
    dhan = Teller()
    async with polling([A, B], dhan=dhan) as (subject, seen):
        subject.tell(Stranded({A: "dhan: no data"}))
        await trio.sleep(5)
        assert polled(seen) == []


async def test_each_has_its_turn_and_who_is_watched_has_one_in_every_call(autojump_clock: Any) -> None:
    names = [A, B, *(f"NSE:S{number}" for number in range(2 * A_CALL))]
    dhan = Teller()
    async with polling(names, dhan=dhan) as (subject, _):
        subject.tell(WatchedOnes(frozenset({names[-1]})))
        subject.tell(Stranded(dict.fromkeys(names, "dhan: no data")))
        await trio.sleep(4)
        assert all(len(asked) <= A_CALL for asked in dhan.asked)
        assert set().union(*dhan.asked[:3]) == set(names)
        assert all(names[-1] in asked for asked in dhan.asked)

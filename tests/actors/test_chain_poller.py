"""The chain poller: what feeds bring is asked for seldom, what they do not bring often, and the dead are left alone."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import date
from typing import Any, cast

import msgspec
import trio

from actors.chain_poller import CARRIED_S, CLOSED_S, UNCARRIED_S, UNQUOTED_S, ChainPoller
from actors.chain_sources import A_PORTION, ChainSources
from actors.messages import Carried, CarriersWanted, ChainPolled, Count, LegsPolled, PollChain
from actors.quote_sources import QuoteSources
from actors.routes import Routes
from config.calendars import load_calendar
from engine.market import Calendars, Quote
from engine.market.chain_place import ChainPlace
from engine.market.option_chain import OptionChain, OptionLeg, Strike
from engine.providers.base import Advice, History, Options, ProviderError, Route
from engine.runtime import ActorRef, ActorSystem
from tests.actors.parts import among_witnesses
from tests.market.builders import at

NIFTY, BANKNIFTY, VIX, FUTURE = "NSE:NIFTY", "NSE:BANKNIFTY", "NSE:INDIA VIX", "NFO:NIFTY26NOV26FUT"
EXPIRY = date(2026, 11, 26)
NOON, NIGHT = at("2026-11-23 12:00"), at("2026-11-23 20:00")
LEGS = tuple(f"NFO:NIFTY26NOV26{24_000 + 50 * step}CE" for step in range(3))


class Vendor:
    """A provider's REST service: whole chains where it tells them, and quotes of instruments."""

    def __init__(self) -> None:
        self.error: ProviderError | None = None
        self.chains: list[tuple[float, str]] = []
        self.quoted: list[list[str]] = []
        self.takes_s = 0.0

    async def chain(self, underlying: Route, expiry: date) -> OptionChain:
        self.chains.append((trio.current_time(), underlying.instrument))
        await trio.sleep(self.takes_s)
        if self.error is not None:
            raise self.error
        return OptionChain(underlying.instrument, expiry, 1.0, (Strike(24_000.0, OptionLeg(price=2.0)),), "dhan")

    async def quotes(self, routes: Sequence[Route]) -> dict[str, Quote]:
        self.quoted.append([route.instrument for route in routes])
        return {route.instrument: Quote(7.0) for route in routes}


@asynccontextmanager
async def polling(
    *, dhan: Vendor | None = None, kite: Vendor | None = None, legs: Sequence[str] = LEGS, start_ns: int = NOON
) -> AsyncGenerator[tuple[ActorRef, dict[str, list[Any]], ActorSystem]]:
    vendors = {name: vendor for name, vendor in (("dhan", dhan), ("kite", kite)) if vendor is not None}
    routes = Routes(list(vendors))
    for name in vendors:
        kinds = {NIFTY: "index", BANKNIFTY: "index", VIX: "index", FUTURE: "future"} | dict.fromkeys(legs, "option")
        routes.cover(name, [Route(one, "NSE_FNO", one, 0.05, kind) for one, kind in kinds.items()])

    def make(system: ActorSystem) -> ChainPoller:
        options = {"dhan": cast("Options", dhan)} if dhan is not None else {}
        histories = {name: cast("History", vendor) for name, vendor in vendors.items()}
        quotes = QuoteSources(histories, routes, jitter=lambda: 0.0)
        sources = ChainSources(options, quotes, routes, jitter=lambda: 0.0)
        return ChainPoller(sources, Calendars(load_calendar), manager=system.ref("/engine/manager"))

    async with among_witnesses(make, "manager", "chain", start_ns=start_ns) as (system, seen):
        yield system.ref("/engine/subject"), seen, system


def wish(system: ActorSystem, underlying: str = NIFTY, legs: Sequence[str] = LEGS) -> PollChain:
    place = ChainPlace(underlying, EXPIRY)
    return PollChain(place, system.ref("/engine/chain"), frozenset({underlying, *legs}))


async def keeps_wishing(poller: ActorRef, seconds: float, *wishes: PollChain) -> None:
    for _ in range(int(seconds / 5)):
        for one in wishes:
            poller.tell(one)
        await trio.sleep(5)


def everything() -> Carried:
    return Carried(dict.fromkeys((NIFTY, BANKNIFTY, *LEGS), "dhan"), {})


async def test_a_chain_that_feeds_bring_is_asked_for_at_first_and_then_now_and_then(autojump_clock: Any) -> None:
    dhan = Vendor()
    async with polling(dhan=dhan) as (poller, seen, system):
        assert seen["manager"] == [CarriersWanted()]
        poller.tell(everything())
        await keeps_wishing(poller, 2 * CARRIED_S - 10, wish(system))
        assert len(dhan.chains) == 2
        assert [one.chain.underlying for one in seen["chain"] if isinstance(one, ChainPolled)] == [NIFTY] * 2
        assert dhan.quoted == []


async def test_of_feeds_that_tell_last_prices_alone_bids_and_asks_are_asked_for_before_they_are_doubted(
    autojump_clock: Any,
) -> None:
    dhan = Vendor()
    async with polling(dhan=dhan) as (poller, _, system):
        poller.tell(everything())
        await keeps_wishing(poller, 5 * UNQUOTED_S - 10, msgspec.structs.replace(wish(system), is_quoted=False))
        assert len(dhan.chains) == 5


async def test_what_feeds_do_not_quote_is_asked_for_leg_by_leg_beside_what_no_feed_brings(autojump_clock: Any) -> None:
    kite = Vendor()
    async with polling(kite=kite) as (poller, _, system):
        poller.tell(Carried(dict.fromkeys((NIFTY, *LEGS[1:]), "kite"), {}))
        await keeps_wishing(poller, 2 * UNQUOTED_S - 10, msgspec.structs.replace(wish(system), is_quoted=False))
        asked = [len(names) for names in kite.quoted]
        assert asked.count(1 + len(LEGS)) == 2
        assert asked.count(1) == len(asked) - 2 > 2 * UNQUOTED_S / UNCARRIED_S * 0.6


async def test_what_no_feed_brings_is_asked_for_every_few_seconds(autojump_clock: Any) -> None:
    dhan = Vendor()
    async with polling(dhan=dhan) as (poller, _, system):
        poller.tell(Carried({NIFTY: "dhan"}, {}))
        await keeps_wishing(poller, 60, wish(system))
        assert 60 / UNCARRIED_S * 0.7 <= len(dhan.chains) <= 60 / UNCARRIED_S + 1


async def test_the_future_and_the_volatility_index_are_asked_for_beside_a_providers_chain(autojump_clock: Any) -> None:
    dhan = Vendor()
    async with polling(dhan=dhan) as (poller, seen, system):
        poller.tell(Carried(dict.fromkeys((NIFTY, *LEGS[1:]), "dhan"), {}))
        await keeps_wishing(poller, 10, wish(system, NIFTY, [*LEGS, VIX, FUTURE]))
        assert len(dhan.chains) >= 2
        assert {one.unfed for one in seen["chain"]} == {frozenset({LEGS[0], VIX, FUTURE})}
        assert dhan.quoted == [[FUTURE, VIX]] * len(dhan.chains)
        assert {name for one in seen["chain"] if isinstance(one, LegsPolled) for name in one.quotes} == {FUTURE, VIX}


async def test_what_a_feed_has_brought_while_the_provider_was_asked_is_no_longer_unfed(autojump_clock: Any) -> None:
    dhan = Vendor()
    dhan.takes_s = 2.0
    async with polling(dhan=dhan) as (poller, seen, system):
        poller.tell(Carried({NIFTY: "dhan"}, {}))
        poller.tell(wish(system))
        await trio.sleep(1)
        assert len(dhan.chains) == 1
        poller.tell(Carried(dict.fromkeys((NIFTY, *LEGS[1:]), "dhan"), {}))
        await trio.sleep(1.5)
        assert [one.unfed for one in seen["chain"]] == [frozenset(LEGS[:1])]


async def test_two_chains_take_turns(autojump_clock: Any) -> None:
    dhan = Vendor()
    async with polling(dhan=dhan) as (poller, _, system):
        await keeps_wishing(poller, 30, wish(system), wish(system, BANKNIFTY, LEGS[:1]))
        await trio.sleep(0.5)  # between two questions, so that none is under way
        asked = [name for _, name in dhan.chains]
        assert abs(asked.count(NIFTY) - asked.count(BANKNIFTY)) <= 1
        assert await poller.ask(Count(), timeout_s=1) == {"chains_polled": 2, "chain_polls": len(asked)}


async def test_of_a_provider_that_tells_no_chains_the_legs_that_feeds_lack_are_asked_for_in_portions(
    autojump_clock: Any,
) -> None:
    kite, many = Vendor(), [f"NFO:NIFTY26NOV26{number}CE" for number in range(A_PORTION + 20)]
    async with polling(kite=kite, legs=many) as (poller, seen, system):
        poller.tell(Carried(dict.fromkeys((NIFTY, *many[5:]), "kite"), {}))
        await keeps_wishing(poller, 5, wish(system, NIFTY, many))
        assert [len(asked) for asked in kite.quoted[:2]] == [A_PORTION, 21], "at first of all, with the underlying"
        assert sorted(kite.quoted[2]) == sorted(many[:5])
        assert all(one.provider == "kite" for one in seen["chain"] if isinstance(one, LegsPolled))


async def test_while_the_provider_of_chains_fails_the_legs_are_asked_for_of_whoever_answers(
    autojump_clock: Any,
) -> None:
    dhan, kite = Vendor(), Vendor()
    dhan.error = ProviderError("token", advice=Advice.NEW_TOKEN)
    async with polling(dhan=dhan, kite=kite) as (poller, seen, system):
        await keeps_wishing(poller, 60, wish(system))
        assert {type(one) for one in seen["chain"]} == {LegsPolled}
        assert len(dhan.chains) < len(seen["chain"]) / 2, "the dead are left alone"


async def test_while_the_exchange_is_closed_one_answer_is_enough(autojump_clock: Any) -> None:
    dhan = Vendor()
    async with polling(dhan=dhan, start_ns=NIGHT) as (poller, _, system):
        await keeps_wishing(poller, CLOSED_S - 10, wish(system))
        assert len(dhan.chains) == 1


async def test_a_chain_that_has_ended_is_asked_for_no_more(autojump_clock: Any) -> None:
    dhan = Vendor()
    async with polling(dhan=dhan) as (poller, _, system):
        await keeps_wishing(poller, 5, wish(system))
        await trio.sleep(60)
        asked = len(dhan.chains)
        await trio.sleep(60)
        assert len(dhan.chains) == asked
        await keeps_wishing(poller, 5, wish(system))
        assert len(dhan.chains) > asked


async def test_what_no_provider_knows_is_no_reason_to_ask_often(autojump_clock: Any) -> None:
    dhan = Vendor()
    async with polling(dhan=dhan) as (poller, _, system):
        poller.tell(everything())
        await keeps_wishing(poller, 60, wish(system, NIFTY, [*LEGS, "NSE:NOBODY'S VIX"]))
        assert len(dhan.chains) == 1

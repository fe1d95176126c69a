"""One option chain among witnesses: it tells at its pace, keeps each minute, and says what it needs."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import trio

from actors.messages import (
    ChainMinute,
    ChainPolled,
    ChainTold,
    ChainWindow,
    Follow,
    KeepChain,
    LegsPolled,
    PollChain,
)
from actors.option_chain import KEPT_S, ChainMemory, ChainOutlets, OptionChainActor
from actors.pace import Pace
from config.calendars import load_calendar
from engine.market import Calendar, Quote
from engine.market.chain_snapshot import ChainSnapshot
from engine.market.option_chain import OptionChain, OptionLeg, Strike
from engine.runtime import ActorRef, ActorSystem
from tests.actors.parts import SECOND_NS, among_witnesses
from tests.market.builders import at
from tests.market.chains import EXPIRY, UNDERLYING, VIX, book, both, future, heard, leg

NFO = Calendar.parse(load_calendar("NFO"))
STRIKES = [25_000.0 + 50 * step for step in range(41)]
CONTRACTS = [*both(*STRIKES), future()]
CALL, PUT = both(26_000)
NOON, NIGHT = at("2026-11-23 12:00"), at("2026-11-23 20:00")
WITNESSES = ("broadcaster", "publisher", "keeper", "poller", "chains")
Seen = dict[str, list[Any]]


@asynccontextmanager
async def running(
    start_ns: int = NOON, memory: ChainMemory | None = None
) -> AsyncGenerator[tuple[ActorRef, Seen, ActorSystem]]:
    def make(system: ActorSystem) -> OptionChainActor:
        chain = book(NFO, *CONTRACTS)
        kept = memory or ChainMemory()
        if kept.snapshot is not None:
            chain.resume(kept.snapshot, start_ns)
        outlets = ChainOutlets(*(system.ref(f"/engine/{name}") for name in WITNESSES), instruments="/engine")
        return OptionChainActor(chain, NFO, outlets, kept, window=4, pace=Pace())

    options = (CALL.canonical, PUT.canonical)
    async with among_witnesses(make, *WITNESSES, *options, start_ns=start_ns) as (system, seen):
        yield system.ref("/engine/subject"), seen, system


def told(seen: Seen) -> list[ChainSnapshot]:
    return [message.snapshot for message in seen["publisher"] if isinstance(message, ChainTold)]


def strikes_of(options: frozenset[str]) -> list[float]:
    return sorted({float(name[-7:-2]) for name in options})


async def test_nothing_is_told_or_kept_before_something_is_heard(autojump_clock: Any) -> None:
    async with running() as (chain, seen, _):
        chain.tell(KeepChain(followed=True))
        chain.tell(heard(VIX, 11.5, NOON))
        await trio.sleep(10)
        assert (told(seen), seen["keeper"]) == ([], []), "the volatility index is heard for all chains"
        chain.tell(heard(UNDERLYING, 26_010.0, NOON))
        await trio.sleep(1)
        assert [(one.spot, one.vix) for one in told(seen)] == [(26_010.0, 11.5)]
        assert seen["keeper"] == [], "of no option anything is known"
        chain.tell(heard(CALL, 180.0, NOON))
        await trio.sleep(1)
        assert [leg(one.snapshot, CALL).ltp for one in seen["keeper"]] == [180.0]


async def test_while_a_client_follows_news_are_told_within_a_tenth_of_a_second(autojump_clock: Any) -> None:
    async with running() as (chain, seen, _):
        chain.tell(KeepChain(followed=True))
        await trio.sleep(1)
        before = len(told(seen))
        for number in range(10):
            chain.tell(heard(CALL, 180.0 + number, NOON))
            await trio.sleep(0.1)
        await trio.sleep(0.1)
        news = told(seen)[before:]
        assert [leg(one, CALL).ltp for one in news] == [180.0 + number for number in range(10)]
        await trio.sleep(3)
        assert len(told(seen)) == before + len(news), "nothing was heard"


async def test_while_nobody_follows_it_tells_once_a_second(autojump_clock: Any) -> None:
    async with running() as (chain, seen, _):
        for number in range(200):
            chain.tell(heard(CALL, 180.0 + number, NOON))
            await trio.sleep(0.05)
        assert 9 <= len(told(seen)) <= 11


async def test_an_open_chain_of_which_nothing_is_heard_grows_old_before_everybodys_eyes(autojump_clock: Any) -> None:
    async with running() as (chain, seen, _):
        chain.tell(KeepChain(followed=True))
        chain.tell(heard(CALL, 180.0, NOON))
        await trio.sleep(20)
    ages = [leg(one, CALL).quote_age_ms for one in told(seen)]
    assert ages[-1] is not None
    assert ages[-1] > 14_000


async def test_while_the_exchange_is_closed_only_news_are_told_and_no_minute_is_kept(autojump_clock: Any) -> None:
    async with running(NIGHT) as (chain, seen, _):
        chain.tell(KeepChain(followed=True))
        chain.tell(heard(UNDERLYING, 25_980.0, NIGHT))
        await trio.sleep(20)
        before = len(told(seen))
        assert before == 1
        chain.tell(LegsPolled("kite", {CALL.canonical: Quote(180.0), UNDERLYING: Quote(25_990.0)}))
        await trio.sleep(1)
        assert [leg(one, CALL).ltp for one in told(seen)[before:]] == [180.0]
        assert seen["keeper"] == []


async def test_each_minute_is_kept_once_and_how_it_closed_too(autojump_clock: Any) -> None:
    closing = at("2026-11-23 15:37:30")
    async with running(closing) as (chain, seen, _):
        chain.tell(heard(CALL, 180.0, closing))
        for _ in range(12):
            chain.tell(KeepChain(followed=False))
            await trio.sleep(20)
    kept = [one.snapshot.as_of // 60_000 - closing // 60_000_000_000 for one in seen["keeper"]]
    assert kept == [0, 1, 2, 3], "the last one is of 15:40, when it closed"
    assert all(isinstance(one, ChainMinute) for one in seen["keeper"])


async def test_it_says_what_it_needs_again_and_again(autojump_clock: Any) -> None:
    async with running() as (chain, seen, _):
        await trio.sleep(11)
        legs = {option.canonical for option in both(*STRIKES)}
        follows = [one for one in seen["broadcaster"] if isinstance(one, Follow)]
        polls = [one for one in seen["poller"] if isinstance(one, PollChain)]
        assert len(follows) == len(polls) == 3
        assert follows[0].instruments == polls[0].instruments
        assert legs < follows[0].instruments
        assert {follows[0].listener, polls[0].chain} == {chain}


async def test_who_asks_is_told_that_feeds_bring_last_prices_alone(autojump_clock: Any) -> None:
    async with running() as (chain, seen, _):
        chain.tell(heard(CALL, 180.0, NOON))
        await trio.sleep(6)
        assert [one.is_quoted for one in seen["poller"] if isinstance(one, PollChain)] == [True, False]


async def test_the_window_follows_the_money_once_it_has_left_the_inner_half(autojump_clock: Any) -> None:
    async with running() as (chain, seen, _):
        windows: list[list[float]] = []
        for price in (26_000.0, 26_095.0, 26_130.0):
            chain.tell(heard(UNDERLYING, price, NOON))
            await trio.sleep(5.1)
            told_windows = [one for one in seen["chains"] if isinstance(one, ChainWindow)]
            windows.append(strikes_of(told_windows[-1].options))
    assert windows[0] == [26_000.0 + 50 * step for step in range(-4, 5)]
    assert windows[1] == windows[0], "two strikes further: what is around the money is carried still"
    assert windows[2] == [26_150.0 + 50 * step for step in range(-4, 5)]


async def test_what_a_provider_answers_is_told(autojump_clock: Any) -> None:
    async with running() as (chain, seen, _):
        answer = OptionLeg(price=180.0, open_interest=900, previous_open_interest=750)
        chain.tell(ChainPolled(OptionChain(UNDERLYING, EXPIRY, 25_990.0, (Strike(26_000.0, answer),), "dhan")))
        await trio.sleep(1.1)
        newest = told(seen)[-1]
        assert (newest.spot, newest.provider) == (25_990.0, "dhan")
        assert (leg(newest, CALL).oi_change, leg(newest, CALL).polled, leg(newest, PUT).ltp) == (150, True, None)


async def test_what_no_feed_has_room_for_is_shown_without_volume_while_its_exchange_is_open(
    autojump_clock: Any,
) -> None:
    quotes = {
        CALL.canonical: Quote(180.0, None, 5_000, 900, 179.5),
        PUT.canonical: Quote(90.0),
        UNDERLYING: Quote(26_010.0),
    }
    polled = LegsPolled("kite", quotes, frozenset({CALL.canonical, UNDERLYING}))
    async with running() as (chain, seen, _):
        chain.tell(polled)
        await trio.sleep(0.1)
        [shown] = [message.tick for message in seen[CALL.canonical]]
        assert (shown.price, shown.open_interest, shown.bid, shown.ask) == (180.0, 900, 179.5, None)
        assert (shown.volume, shown.size, shown.provider) == (None, 0, "kite/polled")
        assert seen[PUT.canonical] == [], "a feed brings it"
    async with running(NIGHT) as (chain, seen, _):
        chain.tell(polled)
        await trio.sleep(0.1)
        assert seen[CALL.canonical] == []


async def test_which_options_are_asked_for_and_come_on_no_feed_is_said(autojump_clock: Any) -> None:
    async with running() as (chain, seen, system):
        chain.tell(KeepChain(followed=True))
        chain.tell(heard(CALL, 180.0, NOON))
        for _ in range(3):
            chain.tell(LegsPolled("kite", {CALL.canonical: Quote(181.0), PUT.canonical: Quote(190.0)}))
            await trio.sleep(2)
        assert seen["chains"][-1].asked == {PUT.canonical}, "a feed's word goes before an answer's"
        polled = heard(CALL, 182.0, system.clock.now_ns())
        chain.tell(msgspec.structs.replace(polled, provider="dhan/polled"))
        await trio.sleep(5)
        assert seen["chains"][-1].asked == {CALL.canonical, PUT.canonical}, "as while a feed fails"
        newest = told(seen)[-1]
        assert (leg(newest, CALL).ltp, leg(newest, CALL).polled) == (182.0, True)
        await trio.sleep(20)
        chain.tell(KeepChain(followed=True))
        await trio.sleep(29)
        chain.tell(KeepChain(followed=True))
        await trio.sleep(20)
        assert seen["chains"][-1].asked == frozenset(), "nobody has answered for a minute"


async def test_a_chain_that_nobody_wants_any_more_ends(autojump_clock: Any) -> None:
    async with running() as (chain, _, system):
        await trio.sleep(KEPT_S - 1)
        chain.tell(KeepChain(followed=False))
        await trio.sleep(KEPT_S - 1)
        assert system.snapshot("/engine/subject").restarts == 0
        await trio.sleep(10)
        assert system.snapshot("/engine/subject").restarts == 1, "where it is permanent, another one begins"


async def test_what_was_heard_and_not_told_yet_is_told_by_one_that_is_stopped(autojump_clock: Any) -> None:
    memory = ChainMemory()
    async with running(memory=memory) as (chain, seen, system):
        chain.tell(heard(CALL, 180.0, NOON, open_interest=750))
        await trio.sleep(0.5)
        chain.tell(heard(CALL, 181.0, NOON, open_interest=900))
        await system.stop_actor("/engine/subject")
        await trio.sleep(0.1)
        assert memory.snapshot is not None
        assert [leg(one, CALL).oi_change_open for one in (memory.snapshot, told(seen)[-1])] == [150, 150]


async def test_one_that_crashes_goes_on_from_what_it_told_last(autojump_clock: Any) -> None:
    memory = ChainMemory()
    async with running(memory=memory) as (chain, seen, _):
        chain.tell(heard(CALL, 180.0, NOON, open_interest=750))
        await trio.sleep(1.1)
        chain.tell("nobody handles this")
        await trio.sleep(5)
        chain.tell(heard(CALL, 181.0, NOON + 2 * SECOND_NS, open_interest=900))
        await trio.sleep(1.1)
        newest = told(seen)[-1]
    assert (leg(newest, CALL).ltp, leg(newest, CALL).oi_change_open) == (181.0, 150)

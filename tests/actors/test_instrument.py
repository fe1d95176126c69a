"""The instrument's actor: it closes in time, tells what is in doubt, and never one number twice."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import trio
import trio.testing

from actors.instrument import InstrumentActor, Outlets
from actors.messages import (
    Admit,
    Appealed,
    Backfill,
    CandleClosed,
    Doubted,
    Heal,
    HeldLost,
    Interrupted,
    Overrule,
    PolledPrice,
    SecondOpinion,
    SettleUp,
    TickRefused,
)
from engine.market import HORIZON_NS, CandleBook, PriceGuard, Reach, VolumeMeter
from engine.market.appeal import MOST_APPEALS
from engine.market.validation import MOST_HELD
from engine.runtime import ActorRef, ActorSystem
from tests.actors.parts import CALENDAR, MINUTE_NS, NAME, NOON, SECOND_NS, among_witnesses, candle, tick

WITNESSES = ("writer", "broadcaster", "resolver", "quarantine")


@asynccontextmanager
async def instrument(*, share: float = 0.5) -> AsyncGenerator[tuple[ActorSystem, ActorRef, dict[str, list[Any]]]]:
    def make(system: ActorSystem) -> InstrumentActor:
        writer, broadcaster, resolver, quarantine = (system.ref(f"/engine/{name}") for name in WITNESSES)
        outlets = Outlets(writer, broadcaster, resolver, quarantine)
        book = CandleBook(NAME, CALENDAR, "test", since_ns=NOON)
        guard = PriceGuard(Reach(share, 0.0), 10.0, NOON)
        return InstrumentActor(book, VolumeMeter(), guard, "NSE_EQ:1", outlets, interrupted_since_ns=NOON)

    async with among_witnesses(make, *WITNESSES) as (system, seen):
        await trio.testing.wait_all_tasks_blocked()
        seen["resolver"].clear()
        seen["quarantine"].clear()
        yield system, system.ref("/engine/subject"), seen


def closed(seen: dict[str, list[Any]], timeframe: str = "1m") -> list[tuple[int, float, int, int]]:
    candles = [message.candle for message in seen["writer"] if isinstance(message, CandleClosed)]
    return [(one.time, one.close, one.volume, one.revision) for one in candles if one.timeframe == timeframe]


async def test_a_minute_is_closed_two_seconds_after_its_end_though_no_tick_comes(autojump_clock: Any) -> None:
    async with instrument() as (_, subject, seen):
        subject.tell(tick(NOON + SECOND_NS, 10.0, 100))
        await trio.sleep(61.9)
        assert closed(seen) == []
        await trio.sleep(0.2)
        assert closed(seen) == [(NOON, 10.0, 0, 0)]


async def test_a_minute_that_opens_after_a_pause_is_closed_in_time_too(autojump_clock: Any) -> None:
    """In the pause the next end known is that of the five minutes."""
    async with instrument() as (_, subject, seen):
        subject.tell(tick(NOON + SECOND_NS, 10.0, 100))
        await trio.sleep(63)
        assert len(closed(seen)) == 1
        subject.tell(tick(NOON + 63 * SECOND_NS, 11.0, 150))
        await trio.sleep(60)
        assert closed(seen)[1:] == [(NOON + MINUTE_NS, 11.0, 50, 0)]


async def test_an_overtaken_tick_finds_its_place_and_leaves_no_doubt(autojump_clock: Any) -> None:
    async with instrument() as (_, subject, seen):
        for second, volume, price in ((1, 100, 10.0), (5, 130, 12.0), (3, 120, 11.0), (0, 90, 9.0)):
            subject.tell(tick(NOON + second * SECOND_NS, price, volume, recv_ns=NOON + 5 * SECOND_NS))
        await trio.sleep(63)
        assert seen["resolver"] == []
        [told] = [message.candle for message in seen["writer"] if isinstance(message, CandleClosed)]
        assert (told.open, told.high, told.low, told.close, told.volume) == (9.0, 12.0, 9.0, 12.0, 30)


async def test_a_corrected_total_leaves_its_minutes_in_doubt(autojump_clock: Any) -> None:
    async with instrument() as (_, subject, seen):
        for second, volume in ((1, 100), (3, 130), (5, 120)):
            subject.tell(tick(NOON + second * SECOND_NS, 10.0, volume, recv_ns=NOON + 5 * SECOND_NS))
        await trio.sleep(1.5)
        [doubt] = seen["resolver"]
        assert (doubt.start_ns, doubt.instrument) == (NOON + 3 * SECOND_NS, NAME)


async def test_a_tick_of_long_ago_is_no_reason_to_read_history(autojump_clock: Any) -> None:
    async with instrument() as (_, subject, seen):
        subject.tell(tick(NOON + SECOND_NS, 10.0, 100))
        subject.tell(tick(NOON - 86_400 * SECOND_NS, 10.0, 50, recv_ns=NOON + 2 * SECOND_NS))
        await trio.sleep(1.5)
        assert all(doubt.start_ns >= NOON - 3_600 * SECOND_NS for doubt in seen["resolver"])


async def test_a_heal_that_a_late_tick_overtook_gets_the_next_number(autojump_clock: Any) -> None:
    async with instrument() as (_, subject, seen):
        subject.tell(tick(NOON + SECOND_NS, 10.0, 100))
        await trio.sleep(63)
        subject.tell(tick(NOON + 59 * SECOND_NS, 12.0, 110, recv_ns=NOON + 63 * SECOND_NS))
        await trio.sleep(1)
        assert closed(seen)[-1] == (NOON, 12.0, 10, 1)
        truth = candle(NOON, 13.0, 40, revision=1)
        assert await subject.ask(Heal((truth,), (truth,), NOON + MINUTE_NS), timeout_s=5)
        await trio.sleep(1)
        assert closed(seen)[-1] == (NOON, 13.0, 40, 2)


async def test_a_backlog_of_ticks_is_closed_by_their_times_of_receipt_and_not_by_the_clock(autojump_clock: Any) -> None:
    """When the engine was busy for a minute the last ticks of the minute before are no late ones."""
    async with instrument() as (system, subject, seen):
        subject.tell(tick(NOON + SECOND_NS, 10.0, 100))
        await trio.sleep(58)
        await system.pause("/engine/subject")
        await trio.sleep(3)
        subject.tell(tick(NOON + 61 * SECOND_NS, 11.0, 150))
        subject.tell(tick(NOON + 59 * SECOND_NS, 12.0, 120, recv_ns=NOON + 61 * SECOND_NS))
        await trio.sleep(200)
        subject.tell(tick(NOON + 150 * SECOND_NS, 13.0, 170))
        await system.resume("/engine/subject")
        await trio.sleep(1)
        assert closed(seen) == [
            (NOON, 12.0, 20, 0),
            (NOON + MINUTE_NS, 11.0, 30, 0),
            (NOON + 2 * MINUTE_NS, 13.0, 20, 0),
        ]


async def test_a_reminder_closes_what_it_was_set_for_and_no_more(autojump_clock: Any) -> None:
    async with instrument() as (system, subject, seen):
        subject.tell(tick(NOON + SECOND_NS, 10.0, 100))
        subject.tell(tick(NOON + 60 * SECOND_NS, 11.0, 150, recv_ns=NOON + 2 * SECOND_NS))
        await trio.sleep(5)
        await system.pause("/engine/subject")
        await trio.sleep(200)
        subject.tell(tick(NOON + 61 * SECOND_NS, 12.0, 160, recv_ns=NOON + 63 * SECOND_NS))
        await system.resume("/engine/subject")
        await trio.sleep(1)
        assert closed(seen) == [(NOON, 10.0, 0, 0), (NOON + MINUTE_NS, 12.0, 60, 0)]


async def test_an_option_that_no_feed_has_room_for_is_shown_and_makes_no_candle(autojump_clock: Any) -> None:
    """Its total goes on from what a feed told last, and a start after this one doubts all that came since."""
    asked = msgspec.structs.replace(tick(NOON + 20 * SECOND_NS, 12.0, None), provider="test/polled", open_interest=900)
    async with instrument() as (_, subject, seen):
        subject.tell(tick(NOON + SECOND_NS, 10.0, 100))
        await trio.sleep(2)
        seen["writer"].clear()
        seen["broadcaster"].clear()
        for at_ns in (20 * SECOND_NS, 23 * SECOND_NS):
            subject.tell(PolledPrice(msgspec.structs.replace(asked, ts_event=NOON + at_ns)))
        await trio.sleep(1)
        assert seen["broadcaster"] == [asked], "the second answer is no news"
        [report] = seen["writer"]
        assert (report.price, report.quote["oi"], report.quote["volume"]) == (12.0, 900, None)
        assert (report.quote["provider"], report.state["ts_event"]) == ("test/polled", NOON + SECOND_NS)
        subject.tell(tick(NOON + 30 * SECOND_NS, 11.0, 130))
        await trio.sleep(61)
        [minute] = [message.candle for message in seen["writer"] if isinstance(message, CandleClosed)]
        assert (minute.high, minute.close, minute.volume, minute.resolve_required) == (11.0, 11.0, 30, False)
        assert seen["resolver"] == []


async def test_a_polled_price_that_leaps_is_shown_once_the_next_answer_says_it_too(autojump_clock: Any) -> None:
    async with instrument() as (_, subject, seen):
        subject.tell(tick(NOON + SECOND_NS, 10.0, 100))
        await trio.sleep(2)
        for second, price in ((3, 90.0), (6, 11.0), (9, 90.0), (12, 11.0), (15, 90.0), (18, 30.0), (21, 31.0)):
            answer = tick(NOON + second * SECOND_NS, price, None)
            subject.tell(PolledPrice(msgspec.structs.replace(answer, provider="test/polled")))
        await trio.sleep(1)
        assert [one.price for one in seen["broadcaster"]] == [10.0, 11.0, 31.0]
        assert (seen["quarantine"], seen["resolver"]) == ([], []), "nobody is asked about what makes no candle"


async def test_a_leap_of_before_a_feeds_tick_bears_no_later_one_out(autojump_clock: Any) -> None:
    leap = msgspec.structs.replace(tick(NOON + SECOND_NS, 90.0, None), provider="test/polled")
    async with instrument() as (_, subject, seen):
        subject.tell(PolledPrice(leap))
        subject.tell(tick(NOON + 2 * SECOND_NS, 10.0, 100))
        subject.tell(PolledPrice(msgspec.structs.replace(leap, ts_recv=NOON + 3 * SECOND_NS)))
        await trio.sleep(1)
        assert [one.price for one in seen["broadcaster"]] == [10.0]


async def test_who_settles_up_has_closed_all_that_is_due(autojump_clock: Any) -> None:
    async with instrument() as (system, subject, seen):
        subject.tell(tick(NOON + SECOND_NS, 10.0, 100))
        await system.pause("/engine/subject")
        await trio.sleep(70)
        await system.resume("/engine/subject")
        await subject.ask(SettleUp(system.clock.now_ns()), timeout_s=5)
        assert closed(seen) == [(NOON, 10.0, 0, 0)]


async def test_ticks_that_were_dropped_are_confessed_and_closing_goes_on(autojump_clock: Any) -> None:
    async with instrument() as (system, subject, seen):
        subject.tell(tick(NOON + SECOND_NS, 10.0, 100))
        await trio.sleep(2)
        await system.pause("/engine/subject")
        for number in range(1_500):
            subject.tell(tick(NOON + 3 * SECOND_NS, 10.0, 101 + number))
        await system.resume("/engine/subject")
        await trio.sleep(2)
        assert [doubt.start_ns for doubt in seen["resolver"] if isinstance(doubt, Interrupted)] == [NOON + SECOND_NS]
        await trio.sleep(60)
        assert closed(seen)[0][:1] == (NOON,)


# Prices in doubt


def entries(seen: dict[str, list[Any]]) -> list[tuple[float, str, str]]:
    told = [entry for message in seen["quarantine"] if isinstance(message, Doubted) for entry in message.entries]
    return [(entry.price, entry.status.value, entry.decided_by) for entry in told]


def appeals(seen: dict[str, list[Any]]) -> list[int]:
    """When the second source was asked."""
    return [message.asked_ns for message in seen["quarantine"] if isinstance(message, Appealed)]


async def test_a_bad_print_reaches_neither_clients_nor_candles_and_its_volume_is_not_lost(autojump_clock: Any) -> None:
    async with instrument(share=0.05) as (_, subject, seen):
        for second, price, volume in ((1, 10.0, 100), (2, 13.0, 110), (3, 10.1, 120)):
            subject.tell(tick(NOON + second * SECOND_NS, price, volume))
        await trio.sleep(63)
        [(candle, *_)] = [(one.candle,) for one in seen["writer"] if isinstance(one, CandleClosed)]
        assert (candle.high, candle.low, candle.close, candle.volume) == (10.1, 10.0, 10.1, 20)
        assert [one.price for one in seen["broadcaster"]] == [10.0, 10.1]
        assert entries(seen) == [(13.0, "held", ""), (13.0, "discarded", "ticks")]
        [lacking] = seen["resolver"]
        assert (lacking.start_ns, lacking.end_ns) == (NOON + 2 * SECOND_NS, NOON + 3 * SECOND_NS + 1)


async def test_a_change_of_level_over_the_minutes_border_revises_the_minute_it_began_in(autojump_clock: Any) -> None:
    async with instrument(share=0.05) as (_, subject, seen):
        subject.tell(tick(NOON + SECOND_NS, 10.0, 100))
        for number in range(5):
            await trio.sleep(1.5 if number else 57.5)
            at_ns = NOON + (57_500 + 1_500 * number) * 1_000_000
            subject.tell(tick(at_ns, 13.0, 110 + 10 * number))
        await trio.sleep(63)
        assert closed(seen)[0] == (NOON, 10.0, 0, 0)
        assert closed(seen)[-2:] == [(NOON, 13.0, 20, 2), (NOON + MINUTE_NS, 13.0, 30, 0)]
        assert entries(seen)[-5:] == [(13.0, "released", "ticks")] * 5


async def test_what_no_tick_decides_is_asked_of_a_second_source_and_obeyed(autojump_clock: Any) -> None:
    async with instrument(share=0.05) as (_, subject, seen):
        subject.tell(tick(NOON + SECOND_NS, 13.0, 110))
        await trio.sleep(5.9)
        assert appeals(seen) == []
        await trio.sleep(0.2)
        [asked_ns] = appeals(seen)
        subject.tell(SecondOpinion(13.1, asked_ns))
        await trio.sleep(60)
        assert entries(seen)[-1] == (13.0, "released", "second source")
        assert closed(seen)[0][:2] == (NOON, 13.0)
        assert appeals(seen) == [asked_ns]


async def test_where_no_second_source_answers_the_price_is_believed_and_history_is_asked(autojump_clock: Any) -> None:
    async with instrument(share=0.05) as (_, subject, seen):
        subject.tell(tick(NOON + SECOND_NS, 13.0, 110))
        await trio.sleep(600)
        assert len(appeals(seen)) == MOST_APPEALS
        assert entries(seen)[-1] == (13.0, "released", "nobody")
        assert Backfill((NAME,), NOON + SECOND_NS, NOON + SECOND_NS) in seen["resolver"]


async def test_an_appeal_whose_reminder_was_dropped_is_made_though_no_other_tick_comes(autojump_clock: Any) -> None:
    """A mailbox that overflows drops the oldest message; without another the market would be locked out for ever."""
    async with instrument(share=0.05) as (system, subject, seen):
        held = tick(NOON + 2 * SECOND_NS, 13.0, 110)
        subject.tell(tick(NOON + SECOND_NS, 10.0, 100))
        subject.tell(held)
        await trio.sleep(1)
        await system.pause("/engine/subject")
        await trio.sleep(6.5)
        for _ in range(1_000):
            subject.tell(tick(NOON + SECOND_NS, 10.0, 90, recv_ns=NOON + 7 * SECOND_NS))
        await system.resume("/engine/subject")
        await trio.sleep(0.1)
        assert appeals(seen) == []
        await trio.sleep(10)
        assert len(appeals(seen)) == 1
        await trio.sleep(600)
        assert entries(seen)[-1] == (13.0, "released", "nobody")


async def test_a_doubt_after_one_whose_reminder_was_dropped_is_appealed_in_its_own_time(autojump_clock: Any) -> None:
    async with instrument(share=0.05) as (system, subject, seen):
        subject.tell(tick(NOON + SECOND_NS, 10.0, 100))
        subject.tell(tick(NOON + 2 * SECOND_NS, 13.0, 110))
        await trio.sleep(1)
        await system.pause("/engine/subject")
        await trio.sleep(7)
        for number in range(1_100):
            subject.tell(tick(NOON + 8 * SECOND_NS, 10.0, 120 + number))
        await system.resume("/engine/subject")
        await trio.sleep(2)
        subject.tell(tick(NOON + 10 * SECOND_NS, 12.0, 9_000))
        await trio.sleep(4.9)
        assert appeals(seen) == []
        await trio.sleep(0.2)
        assert len(appeals(seen)) == 1


async def test_an_answer_about_the_doubt_before_decides_nothing(autojump_clock: Any) -> None:
    async with instrument(share=0.05) as (system, subject, seen):
        subject.tell(tick(NOON, 10.0, 100))
        subject.tell(tick(NOON, 15.0, 110))
        await trio.sleep(6)
        [asked_ns] = appeals(seen)
        for price, volume in ((10.1, 120), (12.0, 130)):
            subject.tell(tick(system.clock.now_ns(), price, volume))
        subject.tell(SecondOpinion(10.0, asked_ns))
        await trio.sleep(1)
        assert entries(seen)[-1] == (12.0, "held", "")
        await trio.sleep(5)
        assert len(appeals(seen)) == 2
        subject.tell(SecondOpinion(12.1, appeals(seen)[-1]))
        await trio.sleep(1)
        assert entries(seen)[-1] == (12.0, "released", "second source")


async def test_an_answer_knows_nothing_of_a_tick_that_was_held_after_the_question(autojump_clock: Any) -> None:
    async with instrument(share=0.05) as (system, subject, seen):
        subject.tell(tick(NOON, 10.0, 100))
        subject.tell(tick(NOON, 15.0, 110))
        await trio.sleep(6)
        [asked_ns] = appeals(seen)
        subject.tell(tick(system.clock.now_ns(), 12.0, 120))
        subject.tell(SecondOpinion(10.0, asked_ns))
        await trio.sleep(1)
        assert entries(seen) == [(15.0, "held", ""), (12.0, "held", "")]


async def test_each_doubt_has_all_its_appeals_before_it_is_believed_unheard(autojump_clock: Any) -> None:
    async with instrument(share=0.05) as (system, subject, seen):
        subject.tell(tick(NOON, 10.0, 100))
        subject.tell(tick(NOON, 15.0, 110))
        await trio.sleep(5 + 9 * 30 + 15)
        assert len(appeals(seen)) == MOST_APPEALS
        for price, volume in ((10.1, 120), (20.0, 130)):
            subject.tell(tick(system.clock.now_ns(), price, volume))
        await trio.sleep(5 + 9 * 30 + 15)
        assert len(appeals(seen)) == 2 * MOST_APPEALS
        assert entries(seen)[-1] == (20.0, "held", "")
        await trio.sleep(30)
        assert entries(seen)[-1] == (20.0, "released", "nobody")


async def test_a_market_that_agrees_on_nothing_is_believed_and_history_has_the_last_word(autojump_clock: Any) -> None:
    async with instrument(share=0.05) as (_, subject, seen):
        subject.tell(tick(NOON, 10.0, 100))
        for number in range(MOST_HELD + 1):
            subject.tell(tick(NOON + (1 + number) * SECOND_NS, 20.0 * (1 + number % 2), 110 + number))
        await trio.sleep(1)
        assert [one[1] for one in entries(seen)] == ["held"] * MOST_HELD + ["released"] * (MOST_HELD + 1)
        assert Backfill((NAME,), NOON + SECOND_NS, NOON + (MOST_HELD + 1) * SECOND_NS) in seen["resolver"]


async def test_prices_believed_unheard_with_a_damaged_time_ask_for_an_hour_and_not_for_years(
    autojump_clock: Any,
) -> None:
    async with instrument(share=0.05) as (_, subject, seen):
        subject.tell(tick(1, 15.0, None, recv_ns=NOON))
        subject.tell(tick(NOON, 13.0, None))
        await trio.sleep(600)
        [lookup] = [one for one in seen["resolver"] if isinstance(one, Backfill)]
        assert (lookup.start_ns, lookup.end_ns) == (NOON - HORIZON_NS, NOON)


async def test_an_operator_overrules_what_is_held(autojump_clock: Any) -> None:
    async with instrument(share=0.05) as (_, subject, seen):
        subject.tell(tick(NOON + SECOND_NS, 13.0, 110))
        assert await subject.ask(Overrule(release=True), timeout_s=5)
        assert not await subject.ask(Overrule(release=True), timeout_s=5)
        assert entries(seen)[-1] == (13.0, "released", "operator")
        assert [one.price for one in seen["broadcaster"]] == [13.0]


async def test_a_tick_that_is_admitted_widens_its_minute_while_that_is_open(autojump_clock: Any) -> None:
    async with instrument(share=0.05) as (_, subject, seen):
        for second, price, volume in ((1, 10.0, 100), (2, 13.0, 110), (3, 10.1, 120)):
            subject.tell(tick(NOON + second * SECOND_NS, price, volume))
        await trio.sleep(10)
        discarded = tick(NOON + 2 * SECOND_NS, 13.0, 110)
        assert await subject.ask(Admit(discarded), timeout_s=5)
        await trio.sleep(55)
        assert not await subject.ask(Admit(discarded), timeout_s=5)
        [(minute, *_)] = [(one.candle,) for one in seen["writer"] if isinstance(one, CandleClosed)]
        assert (minute.high, minute.close, minute.volume) == (13.0, 10.1, 20)


async def test_a_tick_that_is_no_price_is_counted_and_goes_nowhere(autojump_clock: Any) -> None:
    async with instrument() as (_, subject, seen):
        subject.tell(tick(NOON + SECOND_NS, float("nan"), 110))
        await trio.sleep(1)
        assert [type(message) for message in seen["quarantine"]] == [TickRefused]
        assert seen["broadcaster"] == []


async def test_an_instrument_that_begins_anew_says_that_what_was_held_is_gone(autojump_clock: Any) -> None:
    async with instrument() as (system, _, seen):
        await system.restart("/engine/subject")
        await trio.sleep(1)
        assert HeldLost(NAME) in seen["quarantine"]

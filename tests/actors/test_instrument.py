"""The instrument's actor: it closes in time, tells what is in doubt, and never one number twice."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import trio
import trio.testing

from actors.instrument import InstrumentActor, Outlets
from actors.messages import CandleClosed, Heal, Interrupted, SettleUp
from engine.market import CandleBook, VolumeMeter
from engine.runtime import ActorRef, ActorSystem
from tests.actors.parts import CALENDAR, MINUTE_NS, NAME, NOON, SECOND_NS, among_witnesses, candle, tick


@asynccontextmanager
async def instrument() -> AsyncGenerator[tuple[ActorSystem, ActorRef, dict[str, list[Any]]]]:
    def make(system: ActorSystem) -> InstrumentActor:
        writer, broadcaster, resolver = (
            system.ref(f"/engine/{name}") for name in ("writer", "broadcaster", "resolver")
        )
        book = CandleBook(NAME, CALENDAR, "test", since_ns=NOON)
        return InstrumentActor(
            book, VolumeMeter(), "NSE_EQ:1", Outlets(writer, broadcaster, resolver), interrupted_since_ns=NOON
        )

    async with among_witnesses(make, "writer", "broadcaster", "resolver") as (system, seen):
        await trio.testing.wait_all_tasks_blocked()
        seen["resolver"].clear()
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


async def test_an_overtaken_tick_leaves_its_minutes_in_doubt(autojump_clock: Any) -> None:
    async with instrument() as (_, subject, seen):
        for second, volume in ((1, 100), (5, 130), (3, 120)):
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

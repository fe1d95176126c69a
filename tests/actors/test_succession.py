"""An instrument passes from one provider to another: planned at a border, or at once when the first one is lost."""

from typing import Any

import msgspec
import trio

from actors.messages import CandleClosed, Carry, Interrupted, PolledTick
from engine.market import Candle, Tick
from engine.storage.hot import InstrumentReport
from tests.actors.parts import MINUTE_NS, NAME, NOON, SECOND_NS
from tests.actors.test_instrument import instrument

KITE = "NSE:1"


def of(provider: str, second: float, volume: int, price: float = 10.0, *, late_s: float = 0.0) -> Tick:
    ns = NOON + round(second * SECOND_NS)
    return Tick(NAME, price, 1, volume, ns, ns + round(late_s * SECOND_NS), provider)


def candles(seen: dict[str, list[Any]], timeframe: str = "1m") -> list[Candle]:
    told = [message.candle for message in seen["writer"] if isinstance(message, CandleClosed)]
    return [one for one in told if one.timeframe == timeframe]


def doubts(seen: dict[str, list[Any]]) -> list[tuple[int, int]]:
    return [
        ((one.start_ns - NOON) // SECOND_NS, (one.end_ns - NOON) // SECOND_NS)
        for one in seen["resolver"]
        if isinstance(one, Interrupted)
    ]


async def test_the_ticks_of_a_provider_that_does_not_carry_are_ignored(autojump_clock: Any) -> None:
    async with instrument() as (_, subject, seen):
        for one in (of("test", 1, 100), of("kite", 2, 7_000, 12.0), of("test", 3, 110)):
            subject.tell(one)
        await trio.sleep(63)
        [minute] = candles(seen)
        assert (minute.high, minute.volume, minute.source) == (10.0, 10, "test")


async def test_a_planned_move_changes_the_source_at_the_border_and_leaves_no_doubt(autojump_clock: Any) -> None:
    async with instrument() as (_, subject, seen):
        subject.tell(of("test", 1, 100))
        subject.tell(Carry("kite", KITE))
        for one in (of("test", 20, 130), of("kite", 40, 7_030), of("test", 58, 150, late_s=3), of("kite", 58, 7_050)):
            subject.tell(one)
        for one in (of("kite", 61, 7_060, 11.0), of("test", 61, 160, 99.0), of("kite", 70, 7_075, 12.0)):
            subject.tell(one)
        await trio.sleep(130)
        assert [(one.close, one.volume, one.source) for one in candles(seen)] == [
            (10.0, 50, "test"),
            (12.0, 25, "kite"),
        ]
        assert doubts(seen) == []
        reports = [one for one in seen["writer"] if isinstance(one, InstrumentReport)]
        assert reports[-1].segment_key == KITE
        assert (reports[-1].state["source"], reports[-1].state["baseline"]["provider"]) == ("kite", "kite")


async def test_what_comes_late_of_the_time_before_a_move_is_left_to_history(autojump_clock: Any) -> None:
    """Whether the one before has told of that trade nobody knows: it would count twice, or not at all."""
    async with instrument() as (_, subject, seen):
        subject.tell(Carry("kite", KITE))
        for one in (of("test", 1, 100), of("test", 20, 130), of("kite", 40, 7_030), of("kite", 61, 7_060)):
            subject.tell(one)
        await trio.sleep(64)
        subject.tell(of("kite", 59, 7_040, 12.0, late_s=6))
        subject.tell(of("kite", 66, 7_070))
        await trio.sleep(70)
        told = {one.time: one for one in candles(seen)}
        assert [(one.high, one.volume, one.resolve_required) for one in told.values()] == [
            (10.0, 30, True),
            (10.0, 30, True),
        ]
        assert doubts(seen) == [(0, 60), (60, 120)]


async def test_a_tick_of_the_heir_that_others_overtook_at_the_border_leaves_the_minute_after_it_in_doubt(
    autojump_clock: Any,
) -> None:
    async with instrument() as (_, subject, seen):
        subject.tell(Carry("kite", KITE))
        for one in (of("test", 1, 100), of("kite", 40, 7_030), of("kite", 61, 7_060), of("kite", 59, 7_040, late_s=2)):
            subject.tell(one)
        await trio.sleep(1)
        assert doubts(seen) == [(60, 60)]


async def test_a_planned_move_whose_heir_is_silent_waits_for_it(autojump_clock: Any) -> None:
    async with instrument() as (_, subject, seen):
        subject.tell(Carry("kite", KITE))
        for second, volume in ((1, 100), (2, 110), (61, 120), (121, 135)):
            subject.tell(of("test", second, volume))
        await trio.sleep(190)
        assert [(one.volume, one.source) for one in candles(seen)] == [(10, "test"), (10, "test"), (15, "test")]


async def test_in_an_emergency_prices_go_on_at_once_and_the_hole_is_healed(autojump_clock: Any) -> None:
    async with instrument() as (_, subject, seen):
        for one in (of("test", 1, 100_000), of("test", 5, 100_010)):
            subject.tell(one)
        subject.tell(Carry("kite", KITE, urgent=True, since_ns=NOON + 5 * SECOND_NS))
        for one in (of("kite", 20, 100_030, 11.0), of("kite", 21, 100_031, 12.0), of("test", 22, 100_015, 99.0)):
            subject.tell(one)
        await trio.sleep(63)
        [minute] = candles(seen)
        assert (minute.close, minute.volume, minute.source) == (12.0, 31, "mixed")
        assert minute.resolve_required
        assert doubts(seen) == [(5, 60)]


async def test_a_minute_that_damaged_data_opened_before_its_time_is_healed_as_well(autojump_clock: Any) -> None:
    async with instrument() as (_, subject, seen):
        for one in (of("test", 1, 100_000), of("test", 62, 100_010, late_s=-57), of("test", 6, 100_020)):
            subject.tell(one)
        subject.tell(Carry("kite", KITE, urgent=True, since_ns=NOON + 5 * SECOND_NS))
        for one in (of("kite", 20, 100_030), of("kite", 80, 100_040)):
            subject.tell(one)
        await trio.sleep(125)
        assert [one.resolve_required for one in candles(seen)] == [True, True]
        assert doubts(seen) == [(5, 120)]


async def test_where_totals_can_not_be_bridged_the_bucket_keeps_what_the_first_provider_told(
    autojump_clock: Any,
) -> None:
    async with instrument() as (_, subject, seen):
        for one in (of("test", 1, 100), of("test", 5, 110)):
            subject.tell(one)
        subject.tell(Carry("kite", KITE, urgent=True, since_ns=NOON + 5 * SECOND_NS))
        for one in (of("kite", 20, 900_000, 11.0), of("kite", 21, 900_004, 12.0)):
            subject.tell(one)
        await trio.sleep(63)
        [minute] = candles(seen)
        assert (minute.volume, minute.resolve_required) == (14, True)


async def test_a_tick_that_was_held_before_a_move_measures_nothing_after_it(autojump_clock: Any) -> None:
    """Its total is of another provider: it would begin everything anew."""
    async with instrument(share=0.1) as (_, subject, seen):
        for one in (of("test", 1, 100), of("test", 5, 110, 14.0)):
            subject.tell(one)
        subject.tell(Carry("kite", KITE, urgent=True, since_ns=NOON + 5 * SECOND_NS))
        for second, volume in ((20, 7_000), (21, 7_010), (22, 7_020), (80, 7_030)):
            subject.tell(of("kite", second, volume, 14.0))
        await trio.sleep(2)
        subject.tell(of("kite", 81, 7_040, 14.0))
        await trio.sleep(200)
        assert [one.volume for one in candles(seen) if one.time == NOON + MINUTE_NS] == [20]


async def test_what_was_asked_for_moves_the_price_and_leaves_the_minute_in_doubt(autojump_clock: Any) -> None:
    """No feed brings it: how much was traded is not guessed, and the first total of a feed has no other basis."""
    async with instrument() as (_, subject, seen):
        for one in (of("test", 1, 100), of("test", 5, 110)):
            subject.tell(one)
        polled = msgspec.structs.replace(of("test/polled", 20, 0, 12.0), volume=None, size=0)
        subject.tell(PolledTick(polled))
        subject.tell(of("test", 30, 130, 11.0))
        await trio.sleep(63)
        [minute] = [one for one in candles(seen) if one.close != 10.0]
        assert (minute.high, minute.close, minute.volume, minute.resolve_required) == (12.0, 11.0, 30, True)

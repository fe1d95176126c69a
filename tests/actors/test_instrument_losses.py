"""The instrument's actor when ticks are missed: no minute with volume that is not its own passes for right."""

import random
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
import trio

from actors.messages import Backfill, CandleClosed, Interrupted
from engine.market import Candle, Tick
from engine.runtime import ActorSystem
from engine.storage.hot import InstrumentReport
from tests.actors.parts import MINUTE_NS, NAME, NOON, SECOND_NS, tick
from tests.actors.test_instrument_properties import life, receive

END = NOON + 30 * MINUTE_NS


def minutes_of(messages: Sequence[Any]) -> dict[int, Candle]:
    """The minutes as they were told last."""
    candles = [message.candle for message in messages if isinstance(message, CandleClosed)]
    return {candle.time: candle for candle in candles if candle.timeframe == "1m"}


def state_of(messages: Sequence[Any]) -> dict[str, Any]:
    reports = [one for one in messages if isinstance(one, InstrumentReport)]
    return dict(reports[-1].state) if reports else {}


async def left_behind() -> dict[str, Any]:
    """The state of an instrument whose total was 150 at twenty seconds past noon, when its actor died."""
    async with life({}, NOON) as (system, seen):
        await receive(system, tick(NOON + SECOND_NS, 100.0, 100))
        await receive(system, tick(NOON + 20 * SECOND_NS, 100.1, 150))
        await trio.sleep(2)
        return state_of(seen["writer"])


async def test_a_restart_just_before_a_new_minute_leaves_that_minute_in_doubt(autojump_clock: Any) -> None:
    """Its first total brings what was traded while nobody was there, in the minute before it."""
    state = await left_behind()
    async with life(state, NOON + 59 * SECOND_NS, since_ns=state["ts_event"]) as (system, seen):
        await receive(system, tick(NOON + 61 * SECOND_NS, 100.0, 400))
        await receive(system, tick(NOON + 65 * SECOND_NS, 100.0, 410))
        await receive(system, tick(NOON + 125 * SECOND_NS, 100.0, 420))
        await trio.sleep(90)
        told = minutes_of(seen["writer"])
        doubts = [doubt for doubt in seen["resolver"] if isinstance(doubt, Interrupted)]
    assert [(one.volume, one.resolve_required) for one in told.values()] == [(50, True), (260, True), (10, False)]
    assert doubts[-1].start_ns == NOON + MINUTE_NS
    assert all(doubt.known for doubt in doubts)


async def test_a_total_that_has_not_risen_shows_that_nothing_was_missed(autojump_clock: Any) -> None:
    state = await left_behind()
    async with life(state, NOON + 59 * SECOND_NS, since_ns=state["ts_event"]) as (system, seen):
        await receive(system, tick(NOON + 61 * SECOND_NS, 100.1, 150))
        await receive(system, tick(NOON + 65 * SECOND_NS, 100.0, 160))
        await trio.sleep(90)
        assert not minutes_of(seen["writer"])[NOON + MINUTE_NS].resolve_required


async def test_an_interruption_told_after_the_next_minute_began_is_found_in_it(autojump_clock: Any) -> None:
    """The feed's ticks do not wait until the instrument has heard of the interruption before them."""
    async with life({}, NOON) as (system, seen):
        await receive(system, tick(NOON + SECOND_NS, 100.0, 100))
        await receive(system, tick(NOON + 61 * SECOND_NS, 100.0, 400))
        system.ref("/engine/subject").tell(Interrupted(NAME, NOON + SECOND_NS, NOON + 59 * SECOND_NS))
        await trio.sleep(90)
        assert minutes_of(seen["writer"])[NOON + MINUTE_NS].resolve_required


def trades(generator: random.Random) -> list[Tick]:
    """Trades in order, received at once: several a second or one a minute."""
    pauses_ms = generator.choice([(200, 900), (300, 7_000), (2_000, 90_000)])
    ns, total, ticks = NOON, 1000, list[Tick]()
    while ns < END:
        ns += generator.randint(*pauses_ms) * 1_000_000
        total += generator.choice([0, 1, 1]) * generator.randint(1, 500)
        ticks.append(tick(ns, 100 + generator.randint(-40, 40) / 20, total))
    return ticks


def interruptions(generator: random.Random) -> list[Interrupted]:
    ns, found = NOON, list[Interrupted]()
    while ns < END:
        start_ns = ns + generator.randint(1, 300) * SECOND_NS
        ns = start_ns + generator.randint(1, 70) * SECOND_NS
        found.append(Interrupted(NAME, start_ns, ns))
    return found


def by_minute(ticks: Sequence[Tick]) -> Counter[int]:
    """What was traded in each minute, from the totals."""
    volumes = Counter[int]()
    for before, after in pairwise(ticks):
        volumes[after.ts_event // MINUTE_NS * MINUTE_NS] += (after.volume or 0) - (before.volume or 0)
    return volumes


async def carry(system: ActorSystem, ticks: Sequence[Tick], lost: Sequence[Interrupted], delay_ns: int) -> None:
    """The feed: what falls into an interruption is missed, which is told a little later than the next tick."""
    told_ns = system.clock.now_ns()
    for one in ticks:
        if any(gap.start_ns <= one.ts_recv < gap.end_ns for gap in lost):
            continue
        await receive(system, one)
        for gap in lost:
            if told_ns < gap.end_ns + delay_ns <= one.ts_recv:
                system.ref("/engine/subject").tell(gap)
        told_ns = one.ts_recv


@pytest.mark.parametrize("seed", range(24))
async def test_no_minute_is_wrong_without_a_doubt_however_often_ticks_are_missed(
    autojump_clock: Any, seed: int
) -> None:
    """The feed is interrupted and the engine killed between any two of its words; what it asked for is not forgotten."""
    generator = random.Random(seed)
    ticks, lost, delay_ns = trades(generator), interruptions(generator), generator.choice([0, 3 * SECOND_NS])
    state, stored, doubts, now_ns = dict[str, Any](), dict[int, Candle](), list[Interrupted | Backfill](lost), NOON
    while now_ns < END:
        stop_ns, since_ns = now_ns + generator.randint(1, 400) * SECOND_NS, int(state.get("ts_event", 0))
        async with life(state, now_ns, list(stored.values()), since_ns=since_ns) as (system, seen):
            await carry(system, [one for one in ticks if now_ns <= one.ts_recv < stop_ns], lost, delay_ns)
            await trio.sleep(0.1)
            now_ns, heard = system.clock.now_ns(), list(seen["writer"])
            doubts += [message for message in seen["resolver"] if isinstance(message, Interrupted | Backfill)]
        written = heard[: generator.randint(max(0, len(heard) - 30), len(heard))]
        state = state_of(written) or state
        stored |= minutes_of(written)
        now_ns += generator.choice([0, 1, 40, 100]) * SECOND_NS
    truth = by_minute(ticks)
    wrong = [one for one in stored.values() if not one.resolve_required and one.volume != truth[one.time]]
    asked = [(doubt.start_ns, doubt.end_ns) for doubt in doubts]
    assert [one for one in wrong if not any(a < one.time + MINUTE_NS and one.time <= b for a, b in asked)] == []
    assert len(stored) > 2

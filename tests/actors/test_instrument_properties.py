"""The instrument's actor under random streams: what a plain book makes of them, and volume conserved over its lives."""

import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
import trio.testing
from msgspec.structs import replace

from actors.instrument import InstrumentActor, Outlets
from actors.messages import CandleClosed, Interrupted, Report
from engine.market import LATENESS_NS, Candle, CandleBook, PriceGuard, Reach, Tick, VolumeMeter
from engine.runtime import ActorSystem
from engine.storage.hot import InstrumentReport
from tests.actors.parts import CALENDAR, MINUTE_NS, NAME, NOON, SECOND_NS, among_witnesses, tick

WITNESSES = ("writer", "broadcaster", "resolver", "quarantine")


@asynccontextmanager
async def life(
    state: dict[str, Any], now_ns: int, stored: Sequence[Candle] = (), *, since_ns: int | None = None
) -> AsyncGenerator[tuple[ActorSystem, dict[str, list[Any]]]]:
    """The actor from its start, with what an earlier one left behind, to its sudden end.

    What came from ``since_ns`` until now nobody has seen; without it nothing was missed.
    """
    interrupted_ns = now_ns if since_ns is None else since_ns

    def make(system: ActorSystem) -> InstrumentActor:
        book = CandleBook.restore(NAME, CALENDAR, "test", state.get("book"), now_ns)
        book.know_closed(stored)
        meter = VolumeMeter.restore(state.get("baseline"), CALENDAR, now_ns)
        writer, broadcaster, resolver, quarantine = (system.ref(f"/engine/{name}") for name in WITNESSES)
        outlets = Outlets(writer, broadcaster, resolver, quarantine)
        guard = PriceGuard(Reach(0.5, 0.0), 100.0, NOON)
        return InstrumentActor(book, meter, guard, "NSE_EQ:1", outlets, interrupted_since_ns=interrupted_ns)

    async with among_witnesses(make, *WITNESSES, start_ns=now_ns) as started:
        await trio.testing.wait_all_tasks_blocked()
        yield started


def arriving(generator: random.Random, minutes: int) -> list[Tick]:
    """Trades with rising totals, as they are received: a few are lost or come twice, overtaken or much too late."""
    ns, total, ticks = NOON, 1000, list[Tick]()
    late = generator.choice([0.0, 0.05])
    while ns < NOON + minutes * MINUTE_NS:
        ns += generator.choice([300, 1_300, 7_000, 50_000]) * 1_000_000
        total += generator.randint(1, 500)
        for _ in range(generator.choice([0, 1, 1, 1, 1, 1, 2])):
            delay_ns = generator.randrange(LATENESS_NS)
            if generator.random() < late:
                delay_ns += generator.randrange(300) * SECOND_NS
            price = 100 + generator.randint(-40, 40) / 20
            ticks.append(tick(ns, price, total, recv_ns=ns + delay_ns // 1_000_000 * 1_000_000 + 500_000))
    return sorted(ticks, key=lambda one: one.ts_recv)


async def receive(system: ActorSystem, one: Tick) -> None:
    """The tick is told when the clock shows its time of receipt."""
    await trio.sleep((one.ts_recv - system.clock.now_ns()) / SECOND_NS + 1e-6)
    system.ref("/engine/subject").tell(one)


def told(messages: Sequence[Any]) -> list[Candle]:
    """Candles that were news, not those whose flag alone was."""
    return [message.candle for message in messages if isinstance(message, CandleClosed) and not message.told]


def by_a_plain_book(ticks: Sequence[Tick]) -> list[Candle]:
    """The same without any actor, clock or timer."""
    book, meter, candles = CandleBook(NAME, CALENDAR, "test", since_ns=NOON), VolumeMeter(), list[Candle]()
    for one in ticks:
        if one.ts_recv >= book.next_close_ns + LATENESS_NS:
            candles += book.close_until(one.ts_recv - LATENESS_NS)
        book.add(one, meter.measure(one, book.session_date(one.ts_event)))
        candles += book.take_revised()
    return [*candles, *book.close_until(ticks[-1].ts_recv + 90_000 * SECOND_NS)]


def in_order(candles: Sequence[Candle]) -> list[Candle]:
    unflagged = (replace(candle, resolve_required=False) for candle in candles)
    return sorted(unflagged, key=lambda candle: (candle.timeframe, candle.time, candle.revision))


@pytest.mark.parametrize("seed", range(8))
async def test_the_actor_makes_what_a_plain_book_makes_however_busy_the_engine_is(
    autojump_clock: Any, seed: int
) -> None:
    generator = random.Random(seed)
    ticks, busy = arriving(generator, 25), False
    async with life({}, NOON) as (system, seen):
        for one in ticks:
            if not busy and generator.random() < 0.02:
                await system.pause("/engine/subject")
                busy = True
            await receive(system, one)
            if busy and generator.random() < 0.1:
                await system.resume("/engine/subject")
                busy = False
        if busy:
            await system.resume("/engine/subject")
        await trio.sleep(90_000)
        candles = told(seen["writer"])
        reported = [(doubt.start_ns, doubt.end_ns) for doubt in seen["resolver"][1:] if isinstance(doubt, Interrupted)]
    assert in_order(candles) == in_order(by_a_plain_book(ticks))
    keys = [(candle.timeframe, candle.time, candle.revision) for candle in candles]
    assert len(keys) == len(set(keys))
    assert len(reported) == len(set(reported))


@pytest.mark.parametrize("seed", range(8))
async def test_volume_is_conserved_over_the_actors_lives(autojump_clock: Any, seed: int) -> None:
    """It dies any number of times, and begins again from its newest report, from an older one, or from nothing."""
    generator = random.Random(seed)
    ticks = arriving(generator, 40)
    minutes: dict[int, int] = {}
    report: InstrumentReport | None = None
    first, now_ns = 0, NOON
    while ticks:
        count = generator.randint(1, 60)
        ours, ticks = ticks[:count], ticks[count:]
        ours = [one for one in ours if one.ts_recv >= now_ns]
        if not ours:
            continue
        if report is None:
            first = ours[0].volume or 0
        async with life({} if report is None else dict(report.state), now_ns) as (system, seen):
            for one in ours:
                await receive(system, one)
            system.ref("/engine/subject").tell(Report())
            await trio.testing.wait_all_tasks_blocked()
            now_ns, heard = system.clock.now_ns(), list(seen["writer"])
        reports = [place for place, message in enumerate(heard) if isinstance(message, InstrumentReport)]
        place = generator.choice([reports[-1], generator.choice(reports)])
        report = heard[place]
        assert report is not None
        minutes |= {candle.time: candle.volume for candle in told(heard[:place]) if candle.timeframe == "1m"}
        forming = CandleBook.restore(NAME, CALENDAR, "test", report.state["book"], now_ns).forming_minutes()
        accounted = sum(minutes.values()) + sum(candle.volume for candle in forming) + report.unattributed
        assert accounted == report.state["baseline"]["volume"] - first
        if generator.random() < 0.2:
            report, minutes = None, {}


@pytest.mark.parametrize("seed", range(8))
async def test_no_minute_is_told_as_final_twice_whenever_the_engine_is_killed(autojump_clock: Any, seed: int) -> None:
    """The store holds what was told up to any message: the kill may come between a candle and the state behind it."""
    generator = random.Random(seed)
    ticks, state, stored, now_ns = arriving(generator, 40), dict[str, Any](), list[Candle](), NOON
    while ticks:
        ours, ticks = ticks[:40], ticks[40:]
        async with life(state, now_ns, [one for one in stored if one.timeframe == "1m"]) as (system, seen):
            for one in ours:
                if one.ts_recv >= now_ns:
                    await receive(system, one)
            await trio.sleep(generator.choice([0.1, 2, 90]))
            now_ns, heard = system.clock.now_ns(), list(seen["writer"])
        written = heard[: generator.randint(max(0, len(heard) - 30), len(heard))]
        reports = [message for message in written if isinstance(message, InstrumentReport)]
        state = dict(reports[-1].state) if reports else state
        stored += told(written)
    keys = [(candle.time, candle.revision) for candle in stored if candle.timeframe == "1m"]
    assert len(keys) > 10
    assert len(keys) == len(set(keys))


async def test_the_state_follows_the_candles_of_a_quiet_instrument(autojump_clock: Any) -> None:
    async with life({}, NOON) as (system, seen):
        await receive(system, tick(NOON + SECOND_NS, 100.0, 100))
        await trio.sleep(70)
        place = next(n for n, message in enumerate(seen["writer"]) if isinstance(message, CandleClosed))
        after = [message for message in seen["writer"][place:] if isinstance(message, InstrumentReport)]
        assert CandleBook.unclosed_ns(after[0].state["book"]) is None

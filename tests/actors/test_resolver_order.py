"""In which order gaps are healed, and what becomes of those nobody can heal: in virtual time, on stores in memory."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import msgspec
import trio

from actors.messages import Backfill, FeedResumed, FeedSeen
from actors.resolver import AT_ONCE
from engine.market import Candle, Instrument, InstrumentKind
from engine.providers.base import HistoryLimits, ProviderError, Route
from engine.runtime import ActorRef
from engine.storage.durable import Exchange, ProviderMapping
from engine.storage.memory import MemoryDurableStore, MemoryHotStore
from tests.actors.healing_parts import DAY_NS, resolver
from tests.actors.parts import MINUTE_NS, NOON, candle

COUNT = 40
NAMES = [f"NSE:{number}" for number in range(COUNT)]


class SlowHistory:
    """A provider that takes a second for each answer, and notes whom it was asked about, and for when."""

    limits = HistoryLimits({"1m": None}, days_per_call=90, calls_per_second=5.0)

    def __init__(self, minutes: Iterable[Candle] = ()) -> None:
        self.minutes = list(minutes)
        self.error: ProviderError | None = None
        self.asked: list[tuple[str, int]] = []

    async def candles(
        self, route: Route, timeframe: str, start_ns: int, end_ns: int, *, patient: bool = False
    ) -> list[Candle]:
        assert timeframe == "1m", patient
        self.asked.append((route.instrument, start_ns))
        await trio.sleep(1)
        if self.error is not None:
            raise self.error
        return [one for one in self.minutes if one.instrument == route.instrument and start_ns <= one.time < end_ns]


@asynccontextmanager
async def healing(history: SlowHistory, hot: MemoryHotStore, durable: MemoryDurableStore) -> AsyncGenerator[ActorRef]:
    await durable.seed(
        [Exchange("NSE", "NSE", "Asia/Kolkata", is_24_hours=True)],
        [Instrument(0, "NSE", str(number), "A", InstrumentKind.EQUITY, 0.05) for number in range(COUNT)],
        [ProviderMapping("test", name, "NSE_EQ", name, date(2020, 1, 1)) for name in NAMES],
    )
    async with resolver(history, hot, durable, NAMES) as (subject, _, _):
        yield subject


async def test_after_a_reconnect_the_last_minutes_of_all_go_before_long_histories(autojump_clock: Any) -> None:
    history = SlowHistory()
    async with healing(history, MemoryHotStore(lambda: NOON), MemoryDurableStore()) as subject:
        await subject.ask(Backfill((), NOON - 5 * DAY_NS, NOON - 2 * DAY_NS), timeout_s=5)
        await trio.sleep(2)
        before = len(history.asked)
        assert 1 <= before < COUNT / 2
        subject.tell(FeedResumed("test", 0, tuple(NAMES), NOON - 2 * MINUTE_NS, NOON - 4 * MINUTE_NS))
        await trio.sleep(60)
        patched = [name for name, start_ns in history.asked[before : before + COUNT] if start_ns > NOON - DAY_NS]
        assert sorted(patched) == sorted(NAMES)
        assert len(history.asked) == 2 * COUNT


async def test_several_are_healed_at_once_and_never_two_of_one_instrument(autojump_clock: Any) -> None:
    history = SlowHistory()
    async with healing(history, MemoryHotStore(lambda: NOON), MemoryDurableStore()) as subject:
        await subject.ask(Backfill((), NOON - DAY_NS, NOON - MINUTE_NS), timeout_s=5)
        began_s = trio.current_time()
        while len(history.asked) < 2 * COUNT:
            await trio.sleep(0.1)
        assert trio.current_time() - began_s < 2 * COUNT / AT_ONCE * 1.5


async def test_minutes_we_saw_and_no_provider_has_are_given_up_after_some_hours_at_most(autojump_clock: Any) -> None:
    history, hot, durable = SlowHistory(), MemoryHotStore(lambda: NOON), MemoryDurableStore()
    time = NOON - 30 * MINUTE_NS
    seen = msgspec.structs.replace(candle(time, 10.0, 5), instrument=NAMES[0], resolve_required=True)
    await hot.write_candles([seen])
    async with healing(history, hot, durable) as subject:
        await subject.ask(Backfill((NAMES[0],), time, time), timeout_s=5)
        await trio.sleep(3600)
        told = (await durable.verdicts([NAMES[0]], time, NOON))[NAMES[0]]
        given_up = [(one.start_ns, one.end_ns) for one in told if one.status == "unresolvable"]
        assert (given_up, await hot.healing()) == ([(time, time + MINUTE_NS)], {})
        asked = history.asked.count((NAMES[0], time))
        assert 12 <= asked <= 20  # what the scan finds around it begins to count anew
        await trio.sleep(7200)
        assert not [one for one in history.asked[-asked:] if one[0] == NAMES[0] and one[1] <= time]  # nor does the scan


async def test_gaps_outlive_the_engine_that_knew_them(autojump_clock: Any) -> None:
    hot, durable = MemoryHotStore(lambda: NOON), MemoryDurableStore()
    start_ns, end_ns = NOON - 10 * MINUTE_NS, NOON - 5 * MINUTE_NS
    history = SlowHistory()
    async with healing(history, hot, durable) as subject:
        subject.tell(Backfill(tuple(NAMES), start_ns, end_ns))
        subject.tell(FeedSeen("test", 0, NOON))
        await trio.sleep(0.5)
        assert await hot.healing() == dict.fromkeys(NAMES, ((start_ns, end_ns),))
        assert await hot.get_seen("test") == NOON
    after = SlowHistory()
    async with healing(after, hot, durable):
        await trio.sleep(60)
    assert {name for name, _ in after.asked} == set(NAMES)
    assert await hot.healing() == {}


async def test_two_far_apart_stretches_are_two_heals_and_a_year_is_many(autojump_clock: Any) -> None:
    history, hot = SlowHistory(), MemoryHotStore(lambda: NOON)
    async with healing(history, hot, MemoryDurableStore()) as subject:
        spans = tuple((NOON - days * DAY_NS, NOON - days * DAY_NS + MINUTE_NS) for days in (100, 2))
        for span in spans:
            await subject.ask(Backfill((NAMES[0],), *span), timeout_s=5)
        subject.tell(FeedSeen("test", 0, NOON))
        await trio.sleep(0.2)
        assert await hot.healing() == {NAMES[0]: spans}
        await trio.sleep(20)
        assert sorted(start_ns for _, start_ns in history.asked) == [start_ns for start_ns, _ in spans]
        assert await hot.healing() == {}
        history.asked.clear()
        await subject.ask(Backfill((NAMES[1],), NOON - 100 * DAY_NS, NOON - 2 * DAY_NS), timeout_s=5)
        await trio.sleep(2.5)
        [left] = (await hot.healing()).values()
        assert left[0][1] < NOON - 30 * DAY_NS  # the newest are done, and something else may come in between
        await trio.sleep(20)
        assert 4 <= len(history.asked) <= 5
        assert await hot.healing() == {}


async def test_minutes_are_not_given_up_because_their_provider_was_away_for_long(autojump_clock: Any) -> None:
    history, hot, durable = SlowHistory(), MemoryHotStore(lambda: NOON), MemoryDurableStore()
    history.error = ProviderError("away")
    time = NOON - 30 * MINUTE_NS
    seen = msgspec.structs.replace(candle(time, 10.0, 5), instrument=NAMES[0], resolve_required=True)
    await hot.write_candles([seen])
    async with healing(history, hot, durable) as subject:
        await subject.ask(Backfill((NAMES[0],), time, time), timeout_s=5)
        await trio.sleep(3000)
        history.error = None
        await trio.sleep(200)
        assert await durable.verdicts([NAMES[0]], time, time + MINUTE_NS) == {}
        history.minutes = [msgspec.structs.replace(seen, resolve_required=False)]
        await trio.sleep(600)
        assert await hot.healing() == {}
        assert await durable.verdicts([NAMES[0]], time, time + MINUTE_NS) == {}

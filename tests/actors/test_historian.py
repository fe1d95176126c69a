"""The past of an instrument: read once, in pieces that survive an end, within what the provider gives, never over ours."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any, cast

import msgspec
import pytest
import trio
import trio.testing

from actors.historian import Historian, Wanted
from actors.job_arguments import StretchArguments
from actors.job_kinds import BackfillWork, JobKinds
from actors.jobs import UNFINISHED, Jobs
from actors.messages import HistoryFilled, HistoryWanted, SweepHistory
from actors.past import Past
from actors.routes import Routes
from config.calendars import load_calendar
from engine.market import (
    TIMEFRAMES,
    Bucket,
    Calendar,
    Calendars,
    Candle,
    CandleState,
    Instrument,
    InstrumentKind,
    length_s,
)
from engine.market.verdict import Verdict
from engine.providers.base import Advice, HistoryLimits, ProviderError, Quote, Route
from engine.runtime import ActorRef, ActorSystem, ChildSpec, LoopClock, Supervisor
from engine.seeding import exchanges
from engine.storage.durable import ARCHIVED, Job
from engine.storage.memory import MemoryDurableStore, MemoryHotStore
from tests.actors.parts import MINUTE_NS, NAME, NOON, Witness

DAY_NS = 1_440 * MINUTE_NS
CALENDAR = Calendar.parse(load_calendar("NSE"))
TODAY = CALENDAR.sessions(date(2026, 11, 19), date(2026, 11, 19))[0]
ROUTE = Route(NAME, "NSE_EQ", "7", 0.05, "equity")
LIMITS = HistoryLimits({"1m": 12, "5m": 30, "15m": 60, "1h": 90, "1d": None}, days_per_call=10, calls_per_second=5.0)


class Record:
    """A provider that trades every fifth minute of every session, and keeps as much of it as its limits say."""

    def __init__(self, name: str = "test", *, empty: bool = False) -> None:
        self.name = name
        self.empty = empty
        self.broken_ns = 0
        """Of a minute that is told upside down."""
        self.lacking = range(0)
        """Times whose candles it has lost, in ns."""
        self.asked: list[tuple[str, int, int]] = []
        self.failures: list[ProviderError] = []

    @property
    def limits(self) -> HistoryLimits:
        return LIMITS

    async def candles(
        self, route: Route, timeframe: str, start_ns: int, end_ns: int, *, patient: bool = False
    ) -> list[Candle]:
        assert patient, "nobody who heals may wait behind the past"
        assert start_ns >= LIMITS.oldest_ns(timeframe, NOON) - DAY_NS
        assert timeframe == "1d" or end_ns - start_ns <= LIMITS.days_per_call * DAY_NS
        self.asked.append((timeframe, start_ns, end_ns))
        await trio.sleep(0)
        if self.failures:
            raise self.failures.pop(0)
        found = [] if self.empty else truth(timeframe, start_ns, end_ns)
        found = [one for one in found if one.time not in self.lacking]
        if timeframe == "1d":
            found = [msgspec.structs.replace(one, time=one.time - (9 * 60 + 15) * MINUTE_NS) for one in found]
        found = [msgspec.structs.replace(one, high=1.0) if one.time == self.broken_ns else one for one in found]
        return [msgspec.structs.replace(one, instrument=route.instrument, source=self.name) for one in found]

    async def minutes(self, route: Route, start_ns: int, end_ns: int) -> list[Candle]:
        return await self.candles(route, "1m", start_ns, end_ns)

    async def days(self, route: Route, first: date, last: date) -> list[Candle]:
        raise NotImplementedError

    async def quotes(self, routes: Sequence[Route]) -> dict[str, Quote]:
        raise NotImplementedError

    async def last_prices(self, routes: Sequence[Route]) -> dict[str, float]:
        raise NotImplementedError

    def close(self) -> None: ...


SOME = Candle(NAME, "1m", 0, 100.0, 102.0, 99.0, 101.0, 5, state=CandleState.FINAL, source="test")


def truth(timeframe: str, start_ns: int, end_ns: int) -> list[Candle]:
    """What it traded: every bucket of five minutes begins with a minute that has trades, the four others have none."""
    traded = "5m" if timeframe == "1m" else timeframe
    return [
        msgspec.structs.replace(SOME, timeframe=timeframe, time=bucket.start_ns, volume=volume(traded, bucket))
        for bucket in CALENDAR.buckets(traded, start_ns, end_ns)
        if start_ns <= bucket.start_ns < end_ns
    ]


def volume(timeframe: str, bucket: Bucket) -> int:
    sessions_ns = 375 * MINUTE_NS if timeframe == "1d" else bucket.end_ns - bucket.start_ns
    return sessions_ns // MINUTE_NS


class Bench(msgspec.Struct, frozen=True):
    """The actor, its stores, its provider and what it told."""

    subject: ActorRef
    past: Past
    hot: MemoryHotStore
    durable: MemoryDurableStore
    record: Record
    told: list[Any]

    async def until_idle(self) -> None:
        with trio.fail_after(10_000):
            while any(job.status in UNFINISHED for job in await self.durable.jobs()):
                await trio.sleep(1)

    async def read(self, instrument: str = NAME) -> None:
        """As somebody who looks at a chart asks for it."""
        self.subject.tell(HistoryWanted(instrument))
        await self.subject.ask(SweepHistory(), timeout_s=60)
        await self.until_idle()

    async def held(self, timeframe: str) -> list[Candle]:
        return await self.durable.candles(NAME, timeframe, 0, NOON + DAY_NS)

    async def job(self) -> Job:
        (job,) = await self.durable.jobs()
        return job


@asynccontextmanager
async def historian(
    record: Record,
    *others: Record,
    wanted: Wanted = "asked",
    stores: tuple[MemoryHotStore, MemoryDurableStore] | None = None,
) -> AsyncGenerator[Bench]:
    hot, durable = stores or await new_stores()
    providers = {one.name: one for one in (record, *others)}
    routes = Routes(providers)
    for name in providers:
        routes.cover(name, [ROUTE])
    past = Past(hot, durable, providers, routes, Calendars(load_calendar), now_ns=lambda: NOON)

    told: list[Any] = []
    async with ActorSystem("engine", clock=LoopClock(NOON)) as system:
        at = {name: system.ref(f"/engine/{name}") for name in ("charts", "jobs", "resolver", "publisher")}
        nobody = cast("Any", None)
        kinds = JobKinds(nobody, nobody, routes, past, {}, resolver=at["resolver"], charts=at["charts"])
        specs = [
            ChildSpec("charts", partial(Witness, told)),
            ChildSpec("publisher", partial(Witness, [])),
            ChildSpec("jobs", partial(Jobs, durable, kinds, publisher=at["publisher"])),
            ChildSpec("historian", partial(Historian, past, jobs=at["jobs"], wanted=wanted)),
        ]
        await system.start(ChildSpec("engine", partial(Supervisor, specs)))
        yield Bench(system.ref("/engine/historian"), past, hot, durable, record, told)


async def new_stores() -> tuple[MemoryHotStore, MemoryDurableStore]:
    hot, durable = MemoryHotStore(lambda: NOON), MemoryDurableStore()
    row = Instrument(0, "NSE", "A", "A", InstrumentKind.EQUITY, 0.05)
    await durable.seed(exchanges(around_the_clock=False), [row], [])
    return hot, durable


async def test_an_engine_that_does_not_know_its_instruments_yet_takes_no_past_for_read() -> None:
    hot, durable = await new_stores()
    past = Past(hot, durable, {}, Routes([]), Calendars(load_calendar), now_ns=lambda: NOON)
    with pytest.raises(ProviderError, match="no provider has told yet"):
        await past.fill(ROUTE.instrument, "1d")


async def test_every_timeframe_is_filled_as_far_back_as_the_provider_reaches(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with historian(Record()) as bench:
        await bench.read()
        reach = {"1m": 12, "5m": 30, "15m": 60, "30m": 60, "1h": 90, "4h": 90, "1d": 365}
        for timeframe in TIMEFRAMES:
            held = await bench.held(timeframe)
            oldest_ns = NOON - reach[timeframe] * DAY_NS
            days = CALENDAR.trading_days(CALENDAR.local_date(oldest_ns) + timedelta(days=1), date(2026, 11, 18))
            first_ns = next(iter(days)).start_ns
            assert held[0].time == first_ns
            assert [one.time for one in held] == [one.time for one in truth(timeframe, first_ns, TODAY.start_ns)]
            assert {(one.state, one.revision, one.source) for one in held} == {(CandleState.FINAL, 0, "test")}
        assert bench.told == [HistoryFilled(NAME)]
        assert ((await bench.job()).status, (await bench.job()).progress) == ("done", 1.0)


async def test_minutes_without_a_trade_are_confirmed_empty_where_the_provider_answered(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with historian(Record()) as bench:
        await bench.read()
        day = CALENDAR.sessions(date(2026, 11, 18), date(2026, 11, 18))[0]
        verdicts = (await bench.durable.verdicts([NAME], day.start_ns, day.end_ns))[NAME]

        assert {one.status for one in verdicts} == {"empty"}
        assert sum(one.end_ns - one.start_ns for one in verdicts) == 300 * MINUTE_NS
    async with historian(Record(empty=True)) as bench:
        await bench.read()
        assert await bench.durable.verdicts([NAME], 0, NOON) == {}, "who has nothing at all may just not know it"


async def test_what_another_provider_may_have_is_not_confirmed_empty(
    autojump_clock: trio.testing.MockClock,
) -> None:
    first, day = Record("first"), CALENDAR.sessions(date(2026, 11, 17), date(2026, 11, 17))[0]
    first.lacking = range(day.start_ns, day.end_ns)
    async with historian(first, Record("second")) as bench:
        await bench.read()
        held = await bench.held("1m")

        assert held
        assert not any(one.time in first.lacking for one in held)
        assert await bench.durable.verdicts([NAME], day.start_ns, day.end_ns) == {}, "the scan has all asked for it"


async def test_a_minute_that_can_not_be_true_is_left_out_and_not_called_empty(
    autojump_clock: trio.testing.MockClock,
) -> None:
    record, day = Record(), CALENDAR.sessions(date(2026, 11, 18), date(2026, 11, 18))[0]
    record.broken_ns = day.start_ns + 60 * MINUTE_NS
    async with historian(record) as bench:
        await bench.read()
        assert record.broken_ns not in {one.time for one in await bench.held("1m")}
        verdicts = (await bench.durable.verdicts([NAME], day.start_ns, day.end_ns))[NAME]
        assert not any(one.start_ns <= record.broken_ns < one.end_ns for one in verdicts)


async def test_where_two_timeframes_meet_longer_candles_have_neither_hole_nor_overlap(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with historian(Record()) as bench:
        await bench.read()
        for timeframe in TIMEFRAMES[1:-1]:
            times = [candle.time for candle in await bench.held(timeframe)]
            assert all(earlier < later for earlier, later in pairwise(times))
            opens = {b.start_ns for b in CALENDAR.buckets(timeframe, times[0], times[-1] + length_s(timeframe))}
            assert set(times) == opens


async def test_what_was_built_live_stays_as_it_is_wherever_it_stands(autojump_clock: trio.testing.MockClock) -> None:
    async with historian(Record()) as bench:
        yesterday = CALENDAR.sessions(date(2026, 11, 18), date(2026, 11, 18))[0]
        ours = [
            msgspec.structs.replace(one, close=100.5, volume=77, source="live", revision=revision, state=state)
            for one, revision, state in zip(
                truth("1m", yesterday.start_ns, yesterday.end_ns)[:3],
                (0, 1, 0),
                (CandleState.FINAL, CandleState.REVISED, CandleState.FINAL),
                strict=True,
            )
        ]
        await bench.durable.save(ours[:2])
        await bench.hot.write_candles(ours[2:])
        await bench.read()
        held = {candle.time: candle for candle in await bench.held("1m")}

        assert [held[one.time] for one in ours[:2]] == ours[:2]
        assert ours[2].time not in held, "the persister brings it, and nothing of the same revision stands in its way"


async def test_reading_again_asks_nothing_and_a_year_is_not_read_twice(autojump_clock: trio.testing.MockClock) -> None:
    async with historian(Record()) as bench:
        await bench.read()
        asked = len(bench.record.asked)
        await bench.read()
        assert len(bench.record.asked) == asked
        assert await bench.past.pieces(NAME) == []


async def test_only_days_that_lack_minutes_are_asked_for(autojump_clock: trio.testing.MockClock) -> None:
    """Of an engine that ran before history was read, or whose operator has backfilled, most days are whole."""
    async with historian(Record()) as bench:
        first, last = (date(2026, 11, day) for day in (8, 18))  # the 8th is a Muhurat evening
        whole = CALENDAR.sessions(first, last)
        lacking = CALENDAR.sessions(date(2026, 11, 12), date(2026, 11, 12))[0]
        kept = truth("1m", whole[0].start_ns, whole[-1].end_ns)
        empty = [Verdict(NAME, "empty", one.start_ns, one.end_ns) for one in whole]
        await bench.durable.save([one for one in kept if not lacking.start_ns <= one.time < lacking.end_ns])
        await bench.durable.note_verdicts(empty)
        await bench.durable.clear_verdicts(NAME, lacking.start_ns, lacking.end_ns)
        await bench.read()

        asked = [(start, end) for timeframe, start, end in bench.record.asked if timeframe == "1m"]
        assert asked == [(lacking.start_ns, lacking.end_ns)]
        assert await bench.held("1m") == kept


async def test_an_end_in_the_middle_loses_nothing_and_repeats_one_call_at_most(
    autojump_clock: trio.testing.MockClock,
) -> None:
    stores, record = await new_stores(), Record()
    async with historian(record, stores=stores) as bench:
        pieces = await bench.past.pieces(NAME)
        for piece in pieces[: len(pieces) // 2]:
            await bench.past.read(piece)
        arguments = {"instruments": [NAME]}
        await bench.durable.save_job(Job("history-1", "history", "running", 0.5, arguments=arguments, done=1, total=7))
    async with historian(record, stores=stores) as bench:
        await bench.until_idle()
        assert len(record.asked) == len(pieces)
        assert (await bench.held("1m"))[-1].time == truth("1m", TODAY.start_ns - 4 * DAY_NS, TODAY.start_ns)[-1].time
        assert (await bench.job()).status == "done"


async def test_a_provider_that_is_away_for_a_while_is_asked_again(autojump_clock: trio.testing.MockClock) -> None:
    record = Record()
    record.failures = [ProviderError("busy", advice=Advice.WAIT, wait_s=30.0), ProviderError("away")]
    async with historian(record) as bench:
        await bench.read()
        assert (await bench.job()).status == "done"
        assert record.asked[0] == record.asked[1] == record.asked[2]


async def test_what_will_never_be_answered_is_said_and_keeps_nothing_else_from_being_read(
    autojump_clock: trio.testing.MockClock,
) -> None:
    record = Record()
    record.failures = [ProviderError("no such bars", advice=Advice.FIX_REQUEST)]
    async with historian(record) as bench:
        await bench.read()
        assert (await bench.job()).status == "done"
        assert await bench.held("1d") == []
        assert await bench.held("1m") != []


async def test_wishes_that_come_together_are_one_job(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.historian.FORGET_S", 10.0)
    async with historian(Record()) as bench:
        for _ in range(10):
            bench.subject.tell(HistoryWanted(NAME))
        await bench.read()
        await bench.read()
        assert (await bench.job()).arguments == {"instruments": [NAME]}
        await trio.sleep(20)
        await bench.read()
        assert len(await bench.durable.jobs()) == 1, "there was nothing left to read"


async def test_where_the_first_provider_has_nothing_the_second_is_asked(autojump_clock: trio.testing.MockClock) -> None:
    async with historian(Record("first", empty=True), Record("second")) as bench:
        await bench.read()
        assert {candle.source for candle in await bench.held("1m")} == {"second"}


async def test_where_the_first_provider_fails_for_good_the_second_is_asked(
    autojump_clock: trio.testing.MockClock,
) -> None:
    first = Record("first")
    first.failures = [ProviderError("no such instrument", advice=Advice.FIX_REQUEST) for _ in range(100)]
    async with historian(first, Record("second")) as bench:
        await bench.read()
        assert {candle.source for candle in await bench.held("1m")} == {"second"}


async def test_nobody_is_asked_for_what_nobody_asked_for(autojump_clock: trio.testing.MockClock) -> None:
    async with historian(Record(), wanted="asked") as bench:
        await bench.subject.ask(SweepHistory(), timeout_s=5)
        await bench.until_idle()
        assert bench.record.asked == []
    async with historian(Record(), wanted="off") as bench:
        await bench.read()
        assert bench.record.asked == []
    async with historian(Record(), wanted="all") as bench:
        await bench.subject.ask(SweepHistory(), timeout_s=5)
        await bench.until_idle()
        assert bench.record.asked != []


async def test_an_instrument_nobody_carries_has_no_past_and_no_job(autojump_clock: trio.testing.MockClock) -> None:
    async with historian(Record()) as bench:
        await bench.read("NSE:NOBODY")
        assert await bench.durable.jobs() == []


async def test_what_is_archived_is_not_asked_for_again_but_days_are(
    autojump_clock: trio.testing.MockClock,
) -> None:
    stores = await new_stores()
    border_ns = NOON - 20 * DAY_NS
    await stores[1].save([], checkpoint_ns=border_ns, name=ARCHIVED)
    async with historian(Record(), stores=stores) as bench:
        await bench.read()
        assert min(start_ns for timeframe, start_ns, _ in bench.record.asked if timeframe != "1d") >= border_ns
        assert (await bench.held("5m"))[0].time >= border_ns
        assert (await bench.held("1d"))[0].time < NOON - 360 * DAY_NS


async def test_a_backfill_leaves_alone_what_is_archived(autojump_clock: trio.testing.MockClock) -> None:
    stores = await new_stores()
    await stores[1].save([], checkpoint_ns=NOON - 20 * DAY_NS, name=ARCHIVED)
    async with historian(Record(), stores=stores) as bench:
        nobody = cast("Any", None)
        start, end = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
        stretch = StretchArguments(instruments=(NAME,), start=start, end=end)
        work = BackfillWork(stretch, nobody, bench.past)
        assert await work.step(0) == (
            f"{NAME} 2026-09-01 to 2026-10-01: minutes are archived, see ticktree restore; "
            "days' own bars are read by the end of day"
        )

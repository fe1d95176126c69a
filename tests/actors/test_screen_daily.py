"""Daily screens: run by themselves once a trading day is worked through, one at a time, and never twice for a day."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import date
from functools import partial
from typing import Any

import msgspec
import pytest
import trio

from actors.end_of_day import EndOfDay, checkpoint_of
from actors.job_arguments import JobError, JobNotNowError, OwnerBusyError
from actors.messages import ChangeJob, StartJob
from actors.routes import Routes
from actors.screen_daily import LOOK_S, TRIES, DailyScreens
from actors.screen_work import SCREEN
from config.calendars import load_calendar
from engine.market import Calendars, Instrument, InstrumentKind
from engine.providers.base import Route
from engine.runtime import Actor, ActorSystem, ChildSpec, LoopClock, Refused, Supervisor, handles
from engine.screening import read_definition
from engine.screening.configured import Screener
from engine.seeding import exchanges
from engine.storage.durable import Job
from engine.storage.durable.screeners import DailyScreener
from engine.storage.memory import MemoryDurableStore
from engine.storage.memory.screeners import MemoryOwnScreeners
from tests.actors.parts import Witness
from tests.actors.test_end_of_day import FRIDAY_NOON_NS, pass_hours

RISING = {"where": {"left": "close", "is": ">", "right": "close[5]"}, "schedule": "daily"}
OWN = '{"where": {"left": "close", "is": ">", "right": 5}, "universe": {"instruments": ["NSE:B"]}, "schedule": "daily"}'


class Desk:
    """What is known of jobs: those of days end at once, those of screeners when they are told to."""

    def __init__(self) -> None:
        self.durable = MemoryDurableStore()
        self.ends = "done"
        self.day_ends = "done"
        self.refuses: JobError | None = None
        self.busy = ""
        """The owner who has as many under way as one may have."""
        self.asked = 0
        self.runs: list[dict[str, Any]] = []
        self.at_once: list[int] = []
        """How many runs were under way after each had begun."""

    def begin(self, wish: StartJob, identity: str) -> None:
        status = self.ends if wish.kind == SCREEN else self.day_ends if wish.kind == "end_of_day" else "done"
        arguments = wish.arguments | ({"date": "2026-11-20"} if wish.kind == "upkeep" else {})
        self.durable.tables.jobs[identity] = Job(identity, wish.kind, status, arguments=arguments)
        if wish.kind == SCREEN:
            self.runs.append(wish.arguments)
            self.at_once.append(sum(job.status == "running" for job in self.durable.tables.jobs.values()))

    @property
    def screened(self) -> list[str]:
        return [run["screener"] for run in self.runs]

    def end_all(self, kind: str = SCREEN) -> None:
        jobs = self.durable.tables.jobs
        jobs |= {key: msgspec.structs.replace(job, status="done") for key, job in jobs.items() if job.kind == kind}


class Clerk(Actor):
    """In the jobs' place."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk

    @handles(StartJob)
    def on_start_job(self, wish: StartJob) -> dict[str, Any] | Refused:
        self._desk.asked += wish.kind == SCREEN
        if wish.kind == SCREEN and self._desk.refuses:
            return Refused(self._desk.refuses)
        if wish.kind == SCREEN and self._desk.busy and wish.arguments["owner"] == self._desk.busy:
            return Refused(OwnerBusyError("two of your screeners are being run already"))
        identity = f"{wish.kind}-{len(self._desk.durable.tables.jobs)}"
        self._desk.begin(wish, identity)
        return {"id": identity}

    @handles(ChangeJob)
    def on_change_job(self, wish: ChangeJob) -> dict[str, Any]:
        raise AssertionError(wish)


def configured(**more: Any) -> dict[str, Screener]:
    swing = read_definition(RISING | {"universe": {"list": "swing"}})
    by_hand = read_definition({"where": RISING["where"], "universe": {"list": "swing"}})
    names = ("NSE:A", "NSE:B")
    return {"swing": Screener("Swing", names, definition=swing), "later": Screener("L", definition=by_hand), **more}


@asynccontextmanager
async def office(
    desk: Desk, screeners: dict[str, Screener], *, start_ns: int = FRIDAY_NOON_NS
) -> AsyncGenerator[ActorSystem]:
    """What begins the ends of days, and what runs screeners when they are over."""
    shares = [Instrument(0, "NSE", symbol, symbol, InstrumentKind.EQUITY, 0.05) for symbol in ("A", "B")]
    await desk.durable.seed(exchanges(around_the_clock=False), shares, [])
    routes, calendars = Routes(["dhan"]), Calendars(load_calendar)
    routes.cover("dhan", [Route("NSE:A", "NSE_EQ", "1", 0.05, "equity", None)])
    async with ActorSystem("engine", clock=LoopClock(start_ns)) as system:
        jobs = system.ref("/engine/jobs")
        to = {"jobs": jobs, "publisher": system.ref("/engine/publisher")}
        specs = [
            ChildSpec("publisher", partial(Witness, list[Any]())),
            ChildSpec("jobs", partial(Clerk, desk)),
            ChildSpec("end_of_day", partial(EndOfDay, desk.durable, routes, calendars, **to, after_s=3_600.0)),
            ChildSpec("screens", partial(DailyScreens, desk.durable, calendars, screeners, jobs=jobs, after_s=3_600.0)),
        ]
        await system.start(ChildSpec("engine", partial(Supervisor, specs)))
        yield system


async def since_thursday(desk: Desk) -> None:
    """Thursday has been worked through."""
    await since(desk, date(2026, 11, 19))


async def since(desk: Desk, last: date) -> None:
    day = Calendars(load_calendar).of_exchange("NSE").day(last)
    assert day is not None
    await desk.durable.save([], [], checkpoint_ns=day.end_ns, name=checkpoint_of("NSE"))


async def test_a_daily_screener_is_run_after_the_end_of_each_day_and_once(autojump_clock: Any) -> None:
    desk = Desk()
    await since_thursday(desk)
    desk.durable.tables.checkpoints["screened:swing"] = desk.durable.tables.checkpoints[checkpoint_of("NSE")]
    desk.durable.tables.daily_screeners[12] = DailyScreener(12, "ada", OWN, 0)
    async with office(desk, configured()) as system:
        await pass_hours(system, 4.4)
        assert desk.screened == ["12"]  # it is new: of it Thursday has not been looked at
        await pass_hours(system, 0.2)
        assert desk.screened == ["12", "swing", "12"]
        await pass_hours(system, 48)
        assert len(desk.runs) == 3
        await pass_hours(system, 24)  # Monday
        assert desk.screened[3:] == ["swing", "12"]
    swing, own = desk.runs[1:3]
    assert (swing["owner"], swing["instruments"], swing["scheduled"]) == ("", ["NSE:A", "NSE:B"], True)
    assert (own["owner"], own["instruments"], own["definition"]["schedule"]) == ("ada", ["NSE:B"], "daily")


async def test_of_days_that_were_missed_only_the_last_is_made_up_for(autojump_clock: Any) -> None:
    desk = Desk()
    await since(desk, date(2026, 11, 16))
    async with office(desk, configured()) as system:
        await trio.sleep(LOOK_S)
        assert desk.screened == []
        await pass_hours(system, 1)
        assert desk.screened == ["swing"]
        assert (
            desk.durable.tables.checkpoints[checkpoint_of("NSE")] == desk.durable.tables.checkpoints["screened:swing"]
        )


async def test_one_is_run_at_a_time_and_the_next_as_soon_as_it_has_ended(autojump_clock: Any) -> None:
    desk = Desk()
    await since_thursday(desk)
    desk.ends = "running"
    desk.durable.tables.daily_screeners |= {number: DailyScreener(number, "ada", OWN, 0) for number in range(5)}
    async with office(desk, configured()):
        await trio.sleep(3 * LOOK_S)
        assert desk.screened == ["swing"]
        for number in range(5):
            desk.end_all()
            await trio.sleep(3)
            assert desk.screened[1:] == [str(one) for one in range(number + 1)]
    assert set(desk.at_once) == {1}


async def test_an_engine_after_this_one_runs_none_twice(autojump_clock: Any) -> None:
    desk = Desk()
    await since_thursday(desk)
    for _ in range(2):
        async with office(desk, configured()) as system:
            await pass_hours(system, 1)
    assert desk.screened == ["swing"]


@pytest.mark.parametrize("how", ["fails", "is refused"])
async def test_what_fails_is_tried_again_a_few_times_and_keeps_no_other_from_its_turn(
    autojump_clock: Any, how: str
) -> None:
    desk = Desk()
    await since_thursday(desk)
    desk.ends, desk.refuses = "failed", JobError("no") if how == "is refused" else None
    desk.durable.tables.daily_screeners[12] = DailyScreener(12, "ada", OWN, 0)
    async with office(desk, configured()) as system:
        await pass_hours(system, 3)
        assert [desk.screened.count(one) for one in ("swing", "12")] == [0 if desk.refuses else TRIES] * 2
        desk.ends, desk.refuses = "done", None
        await pass_hours(system, 3)  # Friday's close is worked through
        assert desk.screened[-2:] == ["swing", "12"]


async def test_a_screener_for_which_there_is_no_room_waits_however_long_it_takes(autojump_clock: Any) -> None:
    desk = Desk()
    await since_thursday(desk)
    desk.refuses = JobNotNowError("two of your screeners are being run already")
    async with office(desk, configured()) as system:
        await pass_hours(system, 2)
        assert desk.screened == []
        desk.refuses = None
        await trio.sleep(2 * LOOK_S)
        assert desk.screened == ["swing"]


async def test_while_there_is_no_room_for_anybody_one_is_asked_for_a_minute(autojump_clock: Any) -> None:
    desk = Desk()
    await since_thursday(desk)
    desk.durable.tables.daily_screeners |= {number: DailyScreener(number, "ada", OWN, 0) for number in range(5)}
    desk.refuses = JobNotNowError("so many screeners are being run that this one must wait")
    async with office(desk, configured()):
        await trio.sleep(3.5 * LOOK_S)
        assert desk.asked == 4


async def test_who_has_as_many_under_way_as_one_may_have_keeps_no_other_from_their_turn(autojump_clock: Any) -> None:
    desk = Desk()
    await since_thursday(desk)
    owners = {1: "ada", 2: "ada", 3: "bob"}
    desk.durable.tables.daily_screeners |= {number: DailyScreener(number, owners[number], OWN, 0) for number in owners}
    desk.busy = "ada"
    async with office(desk, {}):
        await trio.sleep(2 * LOOK_S)
        assert desk.screened == ["3"]


class Counting(MemoryOwnScreeners):
    """Screeners that count how often a universe's instruments are looked up."""

    lookups = 0

    async def universe(
        self, exchange: str | None, sector: str | None, kind: str | None, among: Sequence[str] | None, limit: int
    ) -> list[str]:
        self.lookups += 1
        return await super().universe(exchange, sector, kind, among, limit)


async def test_while_a_day_is_waited_for_universes_are_not_looked_up_each_minute(autojump_clock: Any) -> None:
    desk = Desk()
    await since(desk, date(2026, 11, 18))
    desk.durable.screeners = screeners = Counting(desk.durable.tables)
    desk.day_ends = "running"
    async with office(desk, configured()) as system:
        await pass_hours(system, 1)
        assert (desk.screened, screeners.lookups) == ([], 1)
        desk.end_all(kind="end_of_day")
        await pass_hours(system, 0.1)
        assert desk.screened == ["swing"]


async def test_a_universe_that_is_too_large_or_empty_keeps_no_other_from_its_turn(
    autojump_clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk()
    await since_thursday(desk)
    monkeypatch.setattr("actors.screen_daily.MOST_INSTRUMENTS", 1)
    nothing = read_definition(RISING | {"universe": {"exchange": "BSE"}})
    desk.durable.tables.daily_screeners[12] = DailyScreener(12, "ada", OWN, 0)
    async with office(desk, configured(empty=Screener("E", definition=nothing))) as system:
        await pass_hours(system, 1)
    assert desk.screened == ["12"]

"""The end of day: every trading day is worked through once it is over, missed ones too, and what fails is tried again."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import msgspec
import pytest
import trio

from actors.actions_work import KIND as CORPORATE_ACTIONS
from actors.delivery_work import KIND as DELIVERY
from actors.end_of_day import KIND, LOOK_S, EndOfDay
from actors.end_of_day_work import EndOfDayCraft, EndOfDayWork
from actors.job_arguments import JobError, JobNotNowError
from actors.messages import Alert, ChangeJob, Count, StartJob
from actors.official_days import OfficialDays
from actors.patience import SILENT, TRIES, Patience
from actors.routes import Routes
from actors.upkeep_work import KIND as UPKEEP
from config.calendars import load_calendar
from engine.market import Calendars, Candle, Instrument, InstrumentKind
from engine.market.corporate_action import ActionKind, CorporateAction
from engine.providers.base import Advice, HistoryLimits, ProviderError, Route
from engine.runtime import Actor, ActorSystem, ChildSpec, LoopClock, Refused, Supervisor, handles
from engine.seeding import exchanges
from engine.storage.durable import DailyCandle, Job
from engine.storage.memory import MemoryDurableStore
from tests.actors.healing_parts import Ward, ward
from tests.actors.parts import MINUTE_NS, NAME, NOON, Witness, candle

HOUR_NS = 60 * MINUTE_NS
DAY_NS = 24 * HOUR_NS
FRIDAY_NOON_NS = int(datetime(2026, 11, 20, 6, 30, tzinfo=UTC).timestamp()) * 1_000_000_000
"""12:00 in India; the exchange closes at 15:30."""
FRIDAY = "2026-11-20"
WHEN = {"after_s": 3_600.0, "reporting": "NSE"}


class Record:
    """A provider's daily candles, which begin at midnight, or its refusal."""

    def __init__(
        self,
        closes: dict[int, float],
        *,
        error: ProviderError | None = None,
        offers: str = "1d",
        fails_from: int | None = None,
    ) -> None:
        """Closes by days ago; it fails where it is asked for more than so many days."""
        self.closes = closes
        self.fails_from = fails_from
        self.error = error
        self.asked: list[tuple[int, int]] = []
        self.limits = HistoryLimits({offers: None}, days_per_call=90, calls_per_second=5.0)

    async def candles(
        self, route: Route, timeframe: str, start_ns: int, end_ns: int, *, patient: bool = False
    ) -> list[Candle]:
        assert (timeframe, patient) == ("1d", True)
        self.asked.append((start_ns, end_ns))
        await trio.sleep(0.1)
        if self.error is not None:
            raise self.error
        if self.fails_from is not None and end_ns - start_ns >= self.fails_from * DAY_NS:
            raise ProviderError("too much at once")
        told = ((NOON - 12 * HOUR_NS - ago * DAY_NS, close) for ago, close in sorted(self.closes.items(), reverse=True))
        bars = (candle(time, close, 1_000, timeframe="1d") for time, close in told if start_ns <= time < end_ns)
        return [msgspec.structs.replace(bar, source=route.segment) for bar in bars]


class Desk:
    """What is known of jobs, and how each ends."""

    def __init__(self) -> None:
        self.durable = MemoryDurableStore()
        self.ends = "done"
        self.refuses = ""
        self.refusal = JobError("no room in the row")
        self.untils: dict[str, str] = {}
        """With which instrument the portion after one ends; of the rest there are no portions."""
        self.afters: list[str] = []
        self.kinds: list[str] = []
        self.read: list[str] = []
        """Exchanges whose splits were."""
        self.begun: list[tuple[str, str]] = []
        self.upkeeps: list[str] = []
        self.evenings: list[tuple[str, str]] = []
        """Days whose report was asked for in the evening, and when."""
        self.retried = 0
        self.alarms: list[Any] = []

    def begin(self, identity: str, wish: StartJob, today: str) -> str:
        self.kinds.append(wish.kind)
        if wish.kind == CORPORATE_ACTIONS:
            self.read.append(wish.arguments["exchange"])
            return identity
        if wish.kind == UPKEEP:
            self.upkeeps.append(today)
            self.durable.tables.jobs[identity] = Job(identity, UPKEEP, "done", arguments={"date": today})
            return identity
        exchange, day = wish.arguments["exchange"], wish.arguments["date"]
        if wish.kind == DELIVERY:
            self.evenings.append((day, today))
            self.durable.tables.jobs[identity] = Job(identity, DELIVERY, "done", arguments=wish.arguments)
            return identity
        self.begun.append((exchange, day))
        after = wish.arguments.get("after", "")
        self.afters.append(after)
        portion = {"after": after, "until": self.untils.get(after, "")}
        arguments = {"exchange": exchange, "date": day, "instruments": [f"{exchange}:A"], **portion}
        self.durable.tables.jobs[identity] = Job(identity, KIND, self.ends, arguments=arguments)
        return identity

    def of(self, *kinds: str) -> list[str]:
        return [kind for kind in self.kinds if kind in kinds]

    def retry(self, identity: str) -> str:
        self.retried += 1
        job = self.durable.tables.jobs[identity]
        self.durable.tables.jobs[identity] = msgspec.structs.replace(job, status=self.ends)
        return identity


class Clerk(Actor):
    """In the jobs' place: each job ends at once, well or not."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk

    @handles(StartJob)
    def on_start_job(self, wish: StartJob) -> dict[str, Any] | Refused:
        if wish.kind == self._desk.refuses:
            return Refused(self._desk.refusal)
        now_ns = self.system.clock.now_ns()
        today = datetime.fromtimestamp(now_ns / 1e9, UTC).date().isoformat()
        number = now_ns // 1_000_000
        while f"{wish.kind}-{number}" in self._desk.durable.tables.jobs:
            number += 1
        return {"id": self._desk.begin(f"{wish.kind}-{number}", wish, today)}

    @handles(ChangeJob)
    def on_change_job(self, wish: ChangeJob) -> dict[str, Any]:
        assert wish.action == "retry"
        return {"id": self._desk.retry(wish.id)}


@asynccontextmanager
async def office(
    desk: Desk, *, start_ns: int = FRIDAY_NOON_NS, exchanges: Sequence[str] = ("NSE",)
) -> AsyncGenerator[ActorSystem]:
    routes = Routes(["dhan"])
    routes.cover("dhan", [Route(f"{exchange}:A", "NSE_EQ", "1", 0.05, "equity", None) for exchange in exchanges])
    async with ActorSystem("engine", clock=LoopClock(start_ns)) as system:
        to = {"jobs": system.ref("/engine/jobs"), "publisher": system.ref("/engine/publisher")}
        calendars = Calendars(load_calendar)
        specs = [
            ChildSpec("publisher", partial(Witness, desk.alarms)),
            ChildSpec("jobs", partial(Clerk, desk)),
            ChildSpec("end_of_day", partial(EndOfDay, desk.durable, routes, calendars, **to, **WHEN)),
        ]
        await system.start(ChildSpec("engine", partial(Supervisor, specs)))
        yield system


async def pass_hours(system: ActorSystem, hours: float) -> None:
    await trio.sleep(hours * 3_600)


async def behind(system: ActorSystem) -> float:
    return (await system.ref("/engine/end_of_day").ask(Count(), timeout_s=5))["days_behind:NSE"]


async def since_thursday(desk: Desk, thursday: date = date(2026, 11, 19)) -> None:
    day = Calendars(load_calendar).of_exchange("NSE").day(thursday)
    assert day is not None
    await desk.durable.save([], [], checkpoint_ns=day.end_ns, name="end_of_day:NSE")


async def test_a_day_is_begun_an_hour_after_the_close_and_once(autojump_clock: Any) -> None:
    desk = Desk()
    await since_thursday(desk)
    async with office(desk) as system:
        await pass_hours(system, 4.4)
        assert desk.begun == []
        await pass_hours(system, 0.2)
        assert desk.begun == [("NSE", FRIDAY)]
        await pass_hours(system, 48)
        assert (desk.begun, await behind(system)) == ([("NSE", FRIDAY)], 0)


async def test_days_without_an_engine_are_made_up_for_one_after_the_other(autojump_clock: Any) -> None:
    desk = Desk()
    await since_thursday(desk)
    async with office(desk, start_ns=FRIDAY_NOON_NS + 5 * DAY_NS) as system:  # Wednesday; Tuesday is a holiday
        await pass_hours(system, 1)
        assert desk.begun == [("NSE", FRIDAY), ("NSE", "2026-11-23")]
        assert await behind(system) == 0


async def test_days_that_are_too_many_to_be_made_up_for_are_told_once(autojump_clock: Any) -> None:
    desk = Desk()
    await since_thursday(desk, date(2026, 10, 29))
    async with office(desk) as system:
        await pass_hours(system, 1)
        calendar = Calendars(load_calendar).of_exchange("NSE")
        missed = [str(day.date) for day in calendar.trading_days(date(2026, 10, 30), date(2026, 11, 19))]
        assert [day for _, day in desk.begun] == missed[-10:]
        [told] = [alarm.words for alarm in desk.alarms if isinstance(alarm, Alert)]
        assert f"{len(missed) - 10} trading days of NSE, {missed[0]} to {missed[-11]}, " in told
        assert "POST /admin/end_of_day" in told


async def test_the_tables_are_looked_after_once_a_day_whatever_an_exchange_waits_for(autojump_clock: Any) -> None:
    desk = Desk()
    desk.ends = "failed"
    async with office(desk) as system:
        await pass_hours(system, 48)
        assert await behind(system) > 0
        assert desk.upkeeps == [FRIDAY, "2026-11-21", "2026-11-22"]


async def test_in_the_evening_the_report_is_asked_for_once_and_by_no_engine_after_this_one(autojump_clock: Any) -> None:
    desk = Desk()
    await since_thursday(desk)
    async with office(desk) as system:
        await pass_hours(system, 0.5)
        assert [day for day, _ in desk.evenings] == ["2026-11-19"]  # nobody did it last night
        await pass_hours(system, 8.4)
        assert [day for day, _ in desk.evenings] == ["2026-11-19"]
        await pass_hours(system, 0.2)
        assert desk.evenings[1:] == [(FRIDAY, FRIDAY)]
    async with office(desk, start_ns=FRIDAY_NOON_NS + DAY_NS) as system:
        await pass_hours(system, 5)
        assert len(desk.evenings) == 2


async def test_a_report_waits_for_its_day_to_be_worked_through(autojump_clock: Any) -> None:
    desk = Desk()
    desk.ends = "running"
    async with office(desk) as system:
        await pass_hours(system, 4)
        assert (desk.begun, desk.evenings) == ([("NSE", "2026-11-19")], [])


async def test_splits_are_read_once_after_each_close_before_the_figures(autojump_clock: Any) -> None:
    desk = Desk()
    await since_thursday(desk)
    async with office(desk, start_ns=FRIDAY_NOON_NS + 5 * DAY_NS) as system:
        await pass_hours(system, 1)
        assert desk.of(CORPORATE_ACTIONS, KIND) == [CORPORATE_ACTIONS, KIND, KIND]
        await pass_hours(system, 4)
        assert desk.of(CORPORATE_ACTIONS, KIND)[3:] == [CORPORATE_ACTIONS, KIND]
        await pass_hours(system, 24)
        assert desk.of(CORPORATE_ACTIONS, KIND)[5:] == [CORPORATE_ACTIONS, KIND]


async def test_an_exchange_that_closes_later_has_its_splits_read_when_it_has_closed(autojump_clock: Any) -> None:
    desk = Desk()
    async with office(desk, exchanges=("NASDAQ", "NSE")) as system:
        await pass_hours(system, 1)
        assert desk.read == ["NASDAQ", "NSE"]
        await pass_hours(system, 8)  # 21:00 in India, the morning in New York
        assert desk.read[2:] == ["NSE"]
        await pass_hours(system, 8)
        assert desk.read[3:] == ["NASDAQ"]
        assert desk.begun[-1] == ("NASDAQ", FRIDAY)


async def test_figures_wait_a_little_for_who_tells_splits_to_say_of_which_shares(autojump_clock: Any) -> None:
    desk = Desk()
    desk.refuses, desk.refusal = CORPORATE_ACTIONS, JobNotNowError("yahoo has not told yet")
    async with office(desk) as system:
        await trio.sleep(2 * LOOK_S)
        assert desk.kinds == [UPKEEP]
        desk.refuses = ""
        await trio.sleep(2 * LOOK_S)
        assert desk.of(CORPORATE_ACTIONS, KIND) == [CORPORATE_ACTIONS, KIND]
    desk = Desk()
    desk.refuses, desk.refusal = CORPORATE_ACTIONS, JobNotNowError("yahoo never tells")
    async with office(desk) as system:
        await pass_hours(system, 0.2)
        assert (desk.of(KIND), await behind(system)) == ([KIND], 0)


async def test_a_day_that_can_not_be_begun_is_told_and_tried_again(autojump_clock: Any) -> None:
    desk = Desk()
    desk.refuses = KIND
    await since_thursday(desk)
    async with office(desk) as system:
        await pass_hours(system, 12)
        told = [alarm.words for alarm in desk.alarms if isinstance(alarm, Alert)]
        assert told == ["The end of 2026-11-20 at NSE could not be begun 3 times: no room in the row."]
        desk.refuses = ""
        await pass_hours(system, 1.1 + 2 * LOOK_S / 3_600)
        assert (desk.begun, await behind(system)) == ([("NSE", FRIDAY)], 0)


async def test_a_day_of_more_instruments_than_a_job_takes_is_done_in_portions(autojump_clock: Any) -> None:
    desk = Desk()
    desk.untils = {"": "NSE:D", "NSE:D": "NSE:M"}
    await since_thursday(desk)
    async with office(desk) as system:
        await pass_hours(system, 5)
        assert (desk.begun, desk.afters) == ([("NSE", FRIDAY)] * 3, ["", "NSE:D", "NSE:M"])
        assert (desk.of(CORPORATE_ACTIONS), await behind(system)) == ([CORPORATE_ACTIONS], 0)
        again = {"exchange": "NSE", "date": "2026-11-18"}  # as an operator asks for it
        await system.ref("/engine/jobs").ask(StartJob(KIND, again), timeout_s=5)
        await pass_hours(system, 0.1)
        assert desk.begun[3:] == [("NSE", "2026-11-18")] * 3


class Counting(MemoryDurableStore):
    """A store that counts how often many jobs are read."""

    readings = 0

    async def jobs(self, limit: int = 100, kind: str = "") -> list[Job]:
        self.readings += kind == KIND and limit > 1
        return await super().jobs(limit, kind)


async def test_jobs_are_read_once_a_look_for_all_exchanges_and_not_while_nothing_is_due(autojump_clock: Any) -> None:
    desk = Desk()
    desk.durable = durable = Counting()
    await since_thursday(desk)
    day = Calendars(load_calendar).of_exchange("BSE").day(date(2026, 11, 19))
    assert day is not None
    await durable.save([], [], checkpoint_ns=day.end_ns, name="end_of_day:BSE")
    async with office(desk, exchanges=("NSE", "BSE")) as system:
        await pass_hours(system, 3)
        assert (desk.begun, durable.readings) == ([], 0)
        await pass_hours(system, 3)
        assert sorted(desk.begun) == [("BSE", FRIDAY), ("NSE", FRIDAY)]
        assert durable.readings < 10
        before = durable.readings
        await pass_hours(system, 12)
        assert durable.readings == before


def test_each_portion_of_a_day_begins_after_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.end_of_day_work.MOST_INSTRUMENTS", 2)
    routes, nobody = Routes(["dhan"]), None
    routes.cover("dhan", [Route(name, "NSE_EQ", "1", 0.05, "equity", None) for name in ("NSE:C", "NSE:A", "NSE:B")])
    calendars = Calendars(load_calendar)
    craft = EndOfDayCraft(nobody, nobody, nobody, None, routes, calendars, nobody)  # pyright: ignore[reportArgumentType]
    wish = {"exchange": "NSE", "date": "2026-11-18"}
    assert craft.complete(wish, NOON) == wish | {"instruments": ["NSE:A", "NSE:B"], "until": "NSE:B"}
    second = wish | {"after": "NSE:B"}
    assert craft.complete(second, NOON) == second | {"instruments": ["NSE:C"]}


async def test_where_nobody_tells_splits_the_day_is_worked_through_all_the_same(autojump_clock: Any) -> None:
    desk = Desk()
    desk.refuses = CORPORATE_ACTIONS
    async with office(desk) as system:
        await pass_hours(system, 1)
        assert desk.begun == [("NSE", "2026-11-19")]
        assert await behind(system) == 0


async def test_one_day_waits_for_the_one_before_it(autojump_clock: Any) -> None:
    desk = Desk()
    desk.ends = "running"
    await since_thursday(desk)
    async with office(desk, start_ns=FRIDAY_NOON_NS + 5 * DAY_NS) as system:
        await pass_hours(system, 1)
        assert (desk.begun, await behind(system)) == ([("NSE", FRIDAY)], 2)


async def test_what_fails_is_retried_ever_more_rarely_and_an_operator_is_told_once(autojump_clock: Any) -> None:
    desk = Desk()
    desk.ends = "failed"
    await since_thursday(desk)
    async with office(desk) as system:
        await pass_hours(system, 12)
        assert desk.begun == [("NSE", FRIDAY)]
        assert 7 <= desk.retried <= 12
        told = [alarm.words for alarm in desk.alarms if isinstance(alarm, Alert)]
        assert told == ["The end of 2026-11-20 at NSE could not be worked through 3 times: see its job."]
        desk.ends = "done"
        await pass_hours(system, 1.1 + 2 * LOOK_S / 3_600)
        assert await behind(system) == 0


async def test_a_cancelled_day_is_left_alone_and_the_next_one_goes_on(autojump_clock: Any) -> None:
    desk = Desk()
    desk.ends = "cancelled"
    await since_thursday(desk)
    async with office(desk, start_ns=FRIDAY_NOON_NS + 5 * DAY_NS) as system:
        await pass_hours(system, 1)
        assert desk.begun == [("NSE", FRIDAY), ("NSE", "2026-11-23")]
        assert await behind(system) == 0


async def test_the_year_before_is_read_once_and_replaces_nothing(autojump_clock: Any) -> None:
    async with ward() as place:
        held = DailyCandle(date(2026, 11, 10), stood(9, 50.0))
        await place.durable.save([], [held])
        record = Record({ago: 100.0 + ago for ago in range(1, 400)})
        work = work_of(place, one=record)
        await work.step(0)
        found = await year(place)
        assert (len(found), found[0].date, found[-1].candle.close) == (380, date(2025, 11, 2), 103.0)
        assert [day.candle.close for day in found if day.date == held.date] == [50.0]
        record.asked.clear()
        await work_of(place, one=record).step(0)
        assert len(record.asked) == 1


async def year(place: Ward) -> list[DailyCandle]:
    return await place.durable.days(NAME, date(2025, 1, 1), date(2026, 11, 16))


@pytest.mark.parametrize(
    ("first", "filled"),
    [
        ({"one": Record(dict.fromkeys(range(1, 30), 1.0)), "two": Record({2: 1.0, 1: 1.0}, fails_from=3)}, 27),
        ({"one": Record({1: 1.0})}, 0),
    ],
    ids=["a provider that may have the rest does not answer", "nobody has any"],
)
async def test_the_year_before_is_asked_for_until_it_was_told(
    first: dict[str, Record], filled: int, autojump_clock: Any
) -> None:
    async with ward() as place:
        await work_of(place, **first).step(0)
        assert len(await year(place)) == filled
        await work_of(place, one=Record(dict.fromkeys(range(400), 1.0))).step(0)
        assert len(await year(place)) == 380


async def test_an_old_days_year_is_none_of_the_newest_and_a_month_without_a_job_is_read_again(
    autojump_clock: Any,
) -> None:
    async with ward() as place:
        record = Record(dict.fromkeys(range(900), 1.0))
        await work_of(place, "2026-05-18", one=record).step(0)
        assert {day.date.month for day in await year(place) if day.date.year == 2026} == {1, 2, 3, 4, 5}
        await work_of(place, one=record).step(0)
        days = [day.date for day in await year(place)]
        assert len([day for day in days if day >= date(2025, 11, 2)]) == 380


def work_of(place: Ward, date: str = "2026-11-18", now_ns: int = NOON, **records: Record) -> EndOfDayWork:
    """Yesterday's, and with it that of the day before."""
    routes, nobody = Routes(list(records)), None
    for provider in records:
        routes.cover(provider, [Route(NAME, provider, "1", 0.05, "equity", None)])
    calendars = Calendars(lambda _: {}, {"NSE": "Asia/Kolkata"})
    official = OfficialDays(records, routes, calendars)  # pyright: ignore[reportArgumentType]
    craft = EndOfDayCraft(place.durable, place.healer, official, None, routes, calendars, nobody)  # pyright: ignore[reportArgumentType]
    arguments = craft.complete({"exchange": "NSE", "date": date}, now_ns)
    assert arguments == {"exchange": "NSE", "date": date, "instruments": [NAME]}
    return craft.work(arguments)


def stood(ago: int, close: float) -> Candle:
    return candle(NOON - 12 * HOUR_NS - ago * DAY_NS, close, 900, timeframe="1d")


async def test_the_exchanges_own_bar_replaces_what_the_minutes_made_and_is_told_once(autojump_clock: Any) -> None:
    async with ward() as place:
        await place.hot.write_candles([stood(2, 99.0), stood(1, 100.0)])
        work = work_of(place, one=Record({2: 99.0, 1: 100.0}))
        assert await work.step(0) == f"{NAME}: official close 99, 100"
        assert await work.step(0) == f"{NAME}: nothing new"
        told = await place.revisions()
        assert [(bar.revision, bar.close, bar.volume, bar.source) for bar in told] == [
            (1, 99.0, 1_000, "one/official"),
            (1, 100.0, 1_000, "one/official"),
        ]


async def test_a_day_before_an_ex_date_is_not_asked_for_as_it_comes_adjusted(autojump_clock: Any) -> None:
    """The bonus is ex on the job's day; of a day to come nothing is adjusted yet."""
    bonus = CorporateAction(instrument=NAME, ex_date=date(2026, 11, 18), kind=ActionKind.BONUS, ratio=1.1)
    announced = msgspec.structs.replace(bonus, ex_date=date(2026, 11, 19))
    async with ward() as place:
        await place.hot.write_candles([msgspec.structs.replace(stood(2, 99.0), low=89.0), stood(1, 90.0)])
        share = Instrument(id=0, exchange="NSE", symbol="A", name="A", kind=InstrumentKind.EQUITY, tick_size=0.05)
        await place.durable.seed(exchanges(around_the_clock=True), [share], [])
        assert await place.durable.corporate_actions.save([bonus, announced]) == 2
        assert await work_of(place, one=Record({2: 90.0, 1: 90.0})).step(0) == f"{NAME}: official close 90"
        assert [bar.time for bar in await place.revisions()] == [stood(1, 90.0).time]


async def test_of_a_day_that_nobody_recorded_the_exchanges_bar_is_the_first(autojump_clock: Any) -> None:
    async with ward() as place:
        assert await work_of(place, one=Record({1: 100.0})).step(0) == f"{NAME}: official close 100"
        assert await work_of(place, one=Record({})).step(0) == f"{NAME}: no word of the day"


async def test_another_provider_is_asked_for_the_day_that_the_first_does_not_have(autojump_clock: Any) -> None:
    async with ward() as place:
        first, minutes_only, last = Record({2: 99.0}), Record({1: 1.0}, offers="1m"), Record({2: 98.0, 1: 100.0})
        assert (
            await work_of(place, one=first, two=minutes_only, three=last).step(0) == f"{NAME}: official close 99, 100"
        )
        assert [bar.provider for bar in await place.revisions()] == ["one", "three"]


async def test_who_never_will_answer_is_not_waited_for(autojump_clock: Any) -> None:
    async with ward() as place:
        away = Record({}, error=ProviderError("away"))
        other = Record({3: 1.0, 2: 1.0, 1: 1.0})
        assert await work_of(place, one=away, two=other).step(0) == f"{NAME}: official close 1, 1"
        refused = Record({}, error=ProviderError("no such segment", advice=Advice.GIVE_UP))
        assert await work_of(place, one=refused).step(0) == f"{NAME}: no word of the day"


async def test_who_may_know_is_asked_again_and_what_it_owes_with_the_days_after(autojump_clock: Any) -> None:
    async with ward() as place:
        work = work_of(place, one=Record({}, error=ProviderError("away")))
        for _ in range(TRIES - 1):
            with pytest.raises(ProviderError, match="away"):
                await work.step(0)
        assert await work.step(0) == f"{NAME}: no answer yet, the day after asks again"
        back = Record({ago: 100.0 + ago for ago in range(400)})
        assert await work_of(place, "2026-11-19", NOON + DAY_NS, one=back).step(0) == (
            f"{NAME}: official close 102, 101, 100"
        )
        back.asked.clear()
        await work_of(place, "2026-11-19", NOON + DAY_NS, one=back).step(0)
        assert [end_ns - start_ns for start_ns, end_ns in back.asked] == [2 * DAY_NS]


async def test_who_tells_the_day_and_never_the_year_keeps_nobody_from_the_figures(autojump_clock: Any) -> None:
    async with ward() as place:
        work = work_of(place, one=Record({2: 99.0, 1: 100.0}, fails_from=3))
        for _ in range(TRIES - 1):
            with pytest.raises(ProviderError, match="too much at once"):
                await work.step(0)
        assert await work.step(0) == f"{NAME}: nothing new"
        assert await year(place) == []


async def test_one_without_an_answer_holds_no_other_up_and_when_nobody_answers_nobody_is_asked() -> None:
    patience, asked = Patience(), 0

    async def away() -> int:
        nonlocal asked
        asked += 1
        raise ProviderError("away")

    async def there() -> int:
        return 7

    for _ in range(TRIES - 1):
        with pytest.raises(ProviderError):
            await patience.ask(away)
    assert await patience.ask(away) is None
    assert await patience.ask(away) is None
    assert (asked, await patience.ask(there)) == (TRIES + 1, 7)
    asked = 0
    for _ in range(2 * SILENT + TRIES):
        with suppress(ProviderError):
            await patience.ask(away)
    assert asked == TRIES - 1 + SILENT
    assert await patience.ask(there) is None


async def test_an_engine_that_does_not_know_its_instruments_yet_takes_nothing_for_an_answer() -> None:
    routes, calendars = Routes(["one"]), Calendars(lambda _: {}, {"NSE": "Asia/Kolkata"})
    official = OfficialDays({}, routes, calendars)
    with pytest.raises(ProviderError, match="no provider has told yet"):
        await official.of(NAME, [])
    routes.cover("one", [Route("NSE:B", "NSE_EQ", "2", 0.05, "equity", None)])
    assert await official.of(NAME, []) == {}


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        ({"exchange": "NSE", "date": "2026-11-22"}, "NSE does not trade on 2026-11-22"),
        ({"exchange": "NSE", "date": "2026-11-20"}, "NSE has not closed on 2026-11-20 yet"),
        ({"exchange": "BSE", "date": "2026-11-19"}, "no provider knows an instrument of BSE"),
        ({"exchange": "MOON", "date": "2026-11-19"}, "when 'MOON' trades is not known"),
        ({"exchange": "NSE", "date": "soon"}, r"end_of_day: Invalid .*date"),
        ({"exchange": "NSE"}, "missing required field `date`"),
        ({"exchange": "NSE", "date": "2026-11-19", "all": True}, "unknown field `all`"),
    ],
)
def test_what_is_no_finished_day_of_an_exchange_is_refused_with_its_reason(wish: dict[str, Any], why: str) -> None:
    routes, nobody = Routes(["dhan"]), None
    routes.cover("dhan", [Route("NSE:A", "NSE_EQ", "1", 0.05, "equity", None)])
    craft = EndOfDayCraft(nobody, nobody, nobody, None, routes, Calendars(load_calendar), nobody)  # pyright: ignore[reportArgumentType]
    with pytest.raises(JobError, match=why):
        craft.complete(wish, FRIDAY_NOON_NS)

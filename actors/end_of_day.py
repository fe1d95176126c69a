"""The end of day: sees to it that every trading day of every exchange is worked through once it is over."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import ClassVar

import structlog

from actors.actions_work import KIND as CORPORATE_ACTIONS
from actors.delivery_work import KIND as DELIVERY
from actors.job_arguments import JobError, JobNotNowError
from actors.messages import Alert, ChangeJob, Count, LookAtDays, StartJob
from actors.routes import Routes
from actors.upkeep_work import KIND as UPKEEP
from engine.market import Calendars, TradingDay
from engine.market.after_hours import (
    MOST_DAYS,
    UNFINISHED,
    DayJob,
    Next,
    Step,
    days_over,
    next_step,
    reported_day,
    unended,
)
from engine.market.retries import Retries
from engine.runtime import ActorDeadError, ActorRef, AskTimeoutError, MailboxSpec, Overflow, TaskActor, handles
from engine.storage.durable import DurableStore, Job
from engine.storage.errors import StorageError

log = structlog.get_logger("ticktree.end_of_day")

KIND = "end_of_day"
LOOK_S = 60.0
LOOK_AT_WORK_S = 5.0
"""While a day is worked through: the next one waits for its end."""
FIRST_LOOK_S = 5.0
"""After a start: providers have mostly told by then which instruments they know."""
JOBS_READ = 200
JOB_TIMEOUT_S = 10.0
ALARMED_AFTER = 3
"""Failures of one day in a row: an operator should know."""
NS_PER_S = 1_000_000_000
SHARES_TOLD_WITHIN_S = 300.0
"""Of a start: so long figures wait for who tells splits to say of which shares."""
POSTPONING = (JobError, StorageError, ActorDeadError, AskTimeoutError)
"""What is tried again at the next look."""


class EndOfDay(TaskActor):
    """Begins a job for each day that is over, the oldest first, and waits for its end.

    How far an exchange is stands in the checkpoints, and how far a day is in the table of jobs, so that an engine after
    this one goes on where it was, and makes up for days on which there was none.
    """

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=100, overflow=Overflow.DROP_OLDEST)

    def __init__(
        self,
        durable: DurableStore,
        routes: Routes,
        calendars: Calendars,
        *,
        jobs: ActorRef,
        publisher: ActorRef,
        after_s: float,
        reporting: str = "",
    ) -> None:
        """``reporting`` is the exchange whose report is read in the evening, if any."""
        super().__init__()
        self._durable = durable
        self._routes = routes
        self._calendars = calendars
        self._jobs = jobs
        self._publisher = publisher
        self._after_ns = int(after_s * NS_PER_S)
        self._reporting = reporting
        self._reported = date.min
        """The last day in whose evening its report was asked for."""
        self._day_jobs: list[DayJob] = []
        """Of all exchanges, as they were last read; the newest first."""
        self._behind: dict[str, int] = {}
        """Days of each exchange that are over and not worked through."""
        self._skipped: dict[str, date] = {}
        """The last of each exchange's days that were too many to be made up for, as an operator was told."""
        self._is_at_work = False
        """Whether a job of ours was under way at the last look."""
        self._retries = Retries()
        """Of exchanges' days; of no exchange: of the upkeep."""
        self._began_ns = 0

    async def on_start(self) -> None:
        self._began_ns = self.system.clock.now_ns()
        self.send_after(FIRST_LOOK_S, LookAtDays())

    @handles(LookAtDays)
    async def on_look(self, _: LookAtDays) -> None:
        """The tables are looked after whatever is behind: an exchange without an answer must not let the disk fill."""
        self._is_at_work = False
        try:
            await self._look_at_exchanges()
        except StorageError as error:
            log.info("end_of_day_postponed", error=str(error))
        try:
            await self._keep_up()
        except POSTPONING as error:
            log.info("upkeep_postponed", error=str(error))
        self.send_after(LOOK_AT_WORK_S if self._is_at_work else LOOK_S, LookAtDays())

    @handles(Count)
    def on_count(self, _: Count) -> dict[str, float]:
        return {f"days_behind:{exchange}": days for exchange, days in self._behind.items()}

    async def _look_at_exchanges(self) -> None:
        exchanges = {name.partition(":")[0] for name in self._routes.instruments}
        usable = sorted(code for code in exchanges if self._calendars.usable(f"{code}:"))
        due = {exchange: await self._days_due(exchange) for exchange in usable}
        await self._read_jobs(is_due=any(due.values()))
        for exchange, days in due.items():
            try:
                await self._look(exchange, days)
                await self._look_at_reports(exchange)
            except POSTPONING as error:
                log.info("end_of_day_postponed", exchange=exchange, error=str(error))

    async def _days_due(self, exchange: str) -> list[TradingDay]:
        done_ns = await self._durable.checkpoint(checkpoint_of(exchange))
        over = days_over(self._calendars.of_exchange(exchange), done_ns, self.system.clock.now_ns(), self._after_ns)
        skipped, due = over[:-MOST_DAYS], over[-MOST_DAYS:]
        self._tell_skipped(exchange, skipped)
        self._behind[exchange] = len(due)
        return due

    async def _read_jobs(self, *, is_due: bool) -> None:
        """Where no day is due only those matter that an operator asked for, and of them the newest says that there are some."""
        newest = [_day_job(job) for job in await self._durable.jobs(1, KIND)]
        if is_due or newest != self._day_jobs[:1] or any(job.status in UNFINISHED for job in self._day_jobs):
            self._day_jobs = [_day_job(job) for job in await self._durable.jobs(JOBS_READ, KIND)]

    async def _look(self, exchange: str, due: Sequence[TradingDay]) -> None:
        """As far as what is known allows: of a day that is done already the next one is looked at, too."""
        for day in due:
            following = next_step(self._day_jobs, exchange, day.date)
            if following.step is not Step.DONE:
                await self._go_on(exchange, day.date, following, due[-1].end_ns)
                return
            await self._note(exchange, day)
        for again in unended(self._day_jobs, exchange)[:1]:
            await self._go_on(exchange, again, next_step(self._day_jobs, exchange, again), 0)

    async def _look_at_reports(self, exchange: str) -> None:
        """In the evening of a day that is worked through its report is asked for once more, with those of days before."""
        day = reported_day(self._calendars.of_exchange(exchange), self.system.clock.now_ns())
        if exchange != self._reporting or day is None or day.date == self._reported:
            return
        if await self._durable.checkpoint(checkpoint_of(exchange)) < day.end_ns:
            return
        jobs = [_day_job(job) for job in await self._durable.jobs(JOBS_READ, DELIVERY)]
        if next_step(jobs, exchange, day.date)[0] is Step.BEGIN:
            await self._ask(StartJob(DELIVERY, {"exchange": exchange, "date": day.date.isoformat()}))
        self._reported = day.date

    def _tell_skipped(self, exchange: str, days: Sequence[TradingDay]) -> None:
        """Once: the days that nobody makes up for but an operator who asks for them."""
        if not days or days[-1].date == self._skipped.get(exchange):
            return
        self._skipped[exchange] = days[-1].date
        words = (
            f"No engine ran at the end of {len(days)} trading days of {exchange}, {days[0].date} to {days[-1].date}, and they "
            "are too old to be made up for by themselves: ask for those you need with POST /admin/end_of_day."
        )
        self._publisher.tell(Alert("", words, self.system.clock.now_ns()))

    async def _keep_up(self) -> None:
        """Once a day (UTC)."""
        today = datetime.fromtimestamp(self.system.clock.now_ns() // NS_PER_S, UTC).date()
        jobs = [DayJob(job.id, job.status, "", _date(job)) for job in await self._durable.jobs(JOBS_READ, UPKEEP)]
        following = next_step(jobs, "", today)
        if following.step is Step.BEGIN:
            await self._begin("", today, StartJob(UPKEEP, {}))
        elif following.step is Step.RETRY and self._is_time("", today):
            await self._ask(ChangeJob(following.job, "retry"))
        elif following.step is Step.DONE:
            self._retries.forget("")

    async def _go_on(self, exchange: str, day: date, following: Next, closed_ns: int) -> None:
        """``closed_ns`` is when the last day ended that is over; splits are read up to it before."""
        if following.step is Step.BEGIN:
            if await self._has_read_actions(exchange, closed_ns):
                portion = {"after": following.after} if following.after else {}
                await self._begin(exchange, day, StartJob(KIND, {"exchange": exchange, "date": str(day), **portion}))
        elif following.step is Step.WAIT:
            self._is_at_work = True
        elif following.step is Step.RETRY and self._is_time(exchange, day):
            await self._ask(ChangeJob(following.job, "retry"))

    async def _begin(self, exchange: str, day: date, wish: StartJob) -> None:
        """What is refused is asked for again after ever longer pauses."""
        if not self._retries.may_try(exchange, self.system.clock.now_ns()):
            return
        try:
            await self._ask(wish)
        except JobError as error:
            log.info("end_of_day_refused", exchange=exchange, date=str(day), why=str(error))
            self._note_failure(exchange, f"The {_words(exchange, day)} could not be begun", str(error))
        else:
            self._retries.forget(exchange)
            self._is_at_work = self._is_at_work or bool(exchange)

    async def _has_read_actions(self, exchange: str, closed_ns: int) -> bool:
        """Once after each close, before the figures: those of a split that nobody knows would be wrong.

        False while who tells actions has only just begun. Where nobody tells them they are entered, or taken from a file.
        """
        now_ns, name = self.system.clock.now_ns(), f"{checkpoint_of(exchange)}:corporate_actions"
        if await self._durable.checkpoint(name) >= closed_ns:
            return True
        try:
            await self._ask(StartJob(CORPORATE_ACTIONS, {"exchange": exchange}))
        except JobError as error:
            log.info("corporate_actions_not_read", exchange=exchange, why=str(error))
            is_early = now_ns < self._began_ns + SHARES_TOLD_WITHIN_S * NS_PER_S
            return not (isinstance(error, JobNotNowError) and is_early)
        await self._durable.save([], [], checkpoint_ns=now_ns, name=name)
        return True

    async def _ask(self, wish: StartJob | ChangeJob) -> None:
        job = await self._jobs.ask(wish, timeout_s=JOB_TIMEOUT_S)
        log.info("job_begun", job=job["id"])

    def _is_time(self, exchange: str, day: date) -> bool:
        """Whether the pause after a failure is over; each failure is noted when it is first seen."""
        if not self._retries.is_noted(exchange):
            self._note_failure(exchange, f"The {_words(exchange, day)} could not be worked through", "see its job")
        return self._retries.may_try(exchange, self.system.clock.now_ns())

    def _note_failure(self, exchange: str, words: str, why: str) -> None:
        now_ns = self.system.clock.now_ns()
        failures = self._retries.note_failure(exchange, now_ns)
        if failures == ALARMED_AFTER:
            self._publisher.tell(Alert("", f"{words} {failures} times: {why}.", now_ns))

    async def _note(self, exchange: str, day: TradingDay) -> None:
        await self._durable.save([], [], checkpoint_ns=day.end_ns, name=checkpoint_of(exchange))
        self._retries.forget(exchange)
        self._behind[exchange] -= 1
        log.info("end_of_day_done", exchange=exchange, date=str(day.date))


def _day_job(job: Job) -> DayJob:
    told = job.arguments
    return DayJob(job.id, job.status, told["exchange"], _date(job), told.get("after", ""), told.get("until", ""))


def _words(exchange: str, day: date) -> str:
    return f"end of {day} at {exchange}" if exchange else f"upkeep of {day}"


def _date(job: Job) -> date:
    return date.fromisoformat(job.arguments["date"])


def checkpoint_of(exchange: str) -> str:
    """Of the checkpoint that says until when its days are worked through."""
    return f"end_of_day:{exchange}"

"""The daily screens: screeners that are run by themselves, once the trading day of what they look at is worked through."""

from collections.abc import Mapping
from typing import ClassVar, Final

import msgspec
import structlog

from actors.end_of_day import POSTPONING, checkpoint_of
from actors.job_arguments import JobError, JobNotNowError, OwnerBusyError
from actors.messages import LookAtScreens, StartJob
from actors.screen_universe import MOST_INSTRUMENTS, universe_of
from actors.screen_work import SCREEN
from engine.market import Calendars
from engine.market.retries import Retries
from engine.runtime import ActorRef, MailboxSpec, Overflow, TaskActor, handles
from engine.screening import Definition, Schedule, Universe
from engine.screening.configured import Screener
from engine.screening.daily import due_ns, is_behind
from engine.storage.durable import DurableStore
from engine.storage.durable.screeners import DailyScreener
from engine.storage.durable.screenings import screened

log = structlog.get_logger("ticktree.screens")

FIRST_LOOK_S: Final = 10.0
LOOK_S: Final = 60.0
BUSY_LOOK_S: Final = 2.0
"""While one is run: the next one begins when it has ended."""
JOB_TIMEOUT_S: Final = 10.0
TRIES: Final = 3
"""A day; then the next day's turn comes."""
_NS_PER_S: Final = 1_000_000_000


class Wanted(msgspec.Struct, frozen=True):
    """A screener that is to be run by itself."""

    id: str
    owner: str
    """Empty: it is everybody's."""
    definition: Definition
    screened_ns: int
    """The end of the trading day for which it was run last."""


class Run(msgspec.Struct, frozen=True):
    """A job that was begun here, and for which trading day."""

    screener: str
    day_ns: int
    job: str


class DailyScreens(TaskActor):
    """Begins one run at a time: however many screeners there are, who sits before a page waits for a step of one of them.

    For which day each was run stands in the checkpoints, so that an engine after this one runs none twice. Of days that
    were missed only the last is made up for, since a run looks at the newest candles.
    """

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=10, overflow=Overflow.DROP_OLDEST)

    def __init__(
        self,
        durable: DurableStore,
        calendars: Calendars,
        configured: Mapping[str, Screener],
        *,
        jobs: ActorRef,
        after_s: float,
    ) -> None:
        """``after_s`` after an exchange's close its day is worked through."""
        super().__init__()
        self._durable = durable
        self._calendars = calendars
        self._configured = configured
        self._jobs = jobs
        self._after_ns = int(after_s * _NS_PER_S)
        self._run: Run | None = None
        self._retries = Retries()
        self._days: tuple[dict[str, int], set[str]] = {}, set()
        self._due: dict[Universe, int] = {}
        """Of those days, for which each universe can be judged: its instruments are not looked up each minute."""

    async def on_start(self) -> None:
        self.send_after(FIRST_LOOK_S, LookAtScreens())

    @handles(LookAtScreens)
    async def on_look(self, _: LookAtScreens) -> None:
        try:
            if self._run is None or await self._is_over(self._run):
                self._run = None
                self._run = await self._begin_next()
        except POSTPONING as error:
            log.info("screens_postponed", error=str(error))
        self.send_after(LOOK_S if self._run is None else BUSY_LOOK_S, LookAtScreens())

    async def _is_over(self, run: Run) -> bool:
        """What an operator cancels or pauses is not begun again for that day."""
        job = await self._durable.job(run.job)
        if job is not None and job.status in ("waiting", "running"):
            return False
        if job is None or job.status != "failed":
            await self._note(run.screener, run.day_ns)
        else:
            await self._note_failure(run.screener, run.day_ns, job.message)
        return True

    async def _begin_next(self) -> Run | None:
        worked_through = await self._worked_through()
        behind = {code for code, done_ns in worked_through.items() if self._is_behind(code, done_ns)}
        if self._days != (worked_through, behind):
            self._days = worked_through, behind
            self._due.clear()
        for wanted in await self._wanted(max(worked_through.values(), default=0)):
            if self._retries.may_try(wanted.id, self.system.clock.now_ns()) and (run := await self._try(wanted)):
                return run
        return None

    async def _try(self, wanted: Wanted) -> Run | None:
        """None where it is not due, or can not be run now."""
        universe = wanted.definition.universe
        if universe in self._due and self._due[universe] <= wanted.screened_ns:
            return None
        instruments = await universe_of(universe, self._configured, self._durable.screeners)
        if not instruments:
            return None  # perhaps of an exchange whose list of instruments is still to come
        worked_through, behind = self._days
        exchanges = {name.partition(":")[0] for name in instruments}
        day_ns = self._due[universe] = 0 if exchanges & behind else due_ns(self._calendars, worked_through, exchanges)
        return await self._begin(wanted, instruments, day_ns) if day_ns > wanted.screened_ns else None

    def _is_behind(self, exchange: str, done_ns: int) -> bool:
        calendar = self._calendars.of_exchange(exchange)
        return is_behind(calendar, done_ns, self.system.clock.now_ns(), self._after_ns)

    async def _worked_through(self) -> dict[str, int]:
        """The end of each exchange's last trading day that is."""
        codes = [exchange.code for exchange in await self._durable.exchanges()]
        return {
            code: await self._durable.checkpoint(checkpoint_of(code))
            for code in codes
            if self._calendars.usable(f"{code}:")
        }

    async def _wanted(self, until_ns: int) -> list[Wanted]:
        """Those that are configured, then everybody's own, that were not run yet for a day that ended by then."""
        told: list[Wanted] = []
        for identity, one in sorted(self._configured.items()):
            if one.definition is not None and one.definition.schedule is Schedule.DAILY:
                told.append(Wanted(identity, "", one.definition, await self._durable.checkpoint(screened(identity))))
        told += [_own(row) for row in await self._durable.screeners.daily(until_ns)]
        return [wanted for wanted in told if wanted.screened_ns < until_ns]

    async def _begin(self, wanted: Wanted, instruments: list[str], day_ns: int) -> Run | None:
        """None where it can not be run now; raises JobNotNowError where none can, so that no other is tried in vain."""
        if len(instruments) > MOST_INSTRUMENTS:
            await self._note_failure(wanted.id, day_ns, f"more than {MOST_INSTRUMENTS:,} instruments", final=True)
            return None
        definition = msgspec.to_builtins(wanted.definition)
        arguments = {"screener": wanted.id, "definition": definition, "instruments": instruments, "owner": wanted.owner}
        try:
            job = await self._jobs.ask(StartJob(SCREEN, arguments | {"scheduled": True}), timeout_s=JOB_TIMEOUT_S)
        except OwnerBusyError as error:
            log.info("daily_screen_waits", screener=wanted.id, why=str(error))
            return None
        except JobNotNowError:
            raise
        except JobError as error:
            await self._note_failure(wanted.id, day_ns, str(error))
            return None
        return Run(wanted.id, day_ns, job["id"])

    async def _note(self, screener: str, day_ns: int) -> None:
        await self._durable.save([], [], checkpoint_ns=day_ns, name=screened(screener))
        self._retries.forget(screener)

    async def _note_failure(self, screener: str, day_ns: int, why: str, *, final: bool = False) -> None:
        failures = self._retries.note_failure(screener, self.system.clock.now_ns())
        log.warning("daily_screen_failed", screener=screener, failures=failures, why=why)
        if final or failures >= TRIES:
            await self._note(screener, day_ns)


def _own(row: DailyScreener) -> Wanted:
    definition = msgspec.json.decode(row.definition, type=Definition)
    return Wanted(str(row.id), row.owner, definition, row.screened_ns)

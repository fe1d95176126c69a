"""The jobs: long work that can be listed, paused, resumed, cancelled and tried again, and that outlives the engine."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import anyio
import msgspec
import structlog

from actors.cut_offs import after_cut_off
from actors.job_arguments import JobError
from actors.job_kinds import Kinds
from actors.messages import ChangeJob, ForgetJobs, JobChanged, StartJob
from actors.screen_shares import require_room, same_run
from actors.screen_work import SCREEN
from engine.market import retry_delay_s
from engine.providers.base import ProviderError
from engine.runtime import (
    ActorRef,
    KernelError,
    MailboxSpec,
    Overflow,
    Refused,
    TaskActor,
    handles,
)
from engine.storage.durable import DurableStore, Job
from engine.storage.errors import StorageError, StorageUnavailableError

log = structlog.get_logger("ticktree.jobs")

NEXT = {
    ("waiting", "pause"): "paused",
    ("running", "pause"): "paused",
    ("paused", "resume"): "waiting",
    ("waiting", "cancel"): "cancelled",
    ("running", "cancel"): "cancelled",
    ("paused", "cancel"): "cancelled",
    ("failed", "retry"): "waiting",
    ("cancelled", "retry"): "waiting",
}
"""What an operator's wish makes of a job; every other wish is refused."""
URGENT = ("populate", "screen")
"""Done before others, also when one of those is at work: a market does not wait until a year's history is read, nor who sits
before a page."""
PATIENT = ("end_of_day", "delivery", "upkeep")
"""Done when no other waits: nobody has asked for them, and one may take as long as an exchange has instruments."""
UNFINISHED = ("running", "waiting", "paused")
KEPT_DAYS = 90
"""After its end, a job."""
DAY_S = 86_400.0
FIRST_TIDY_S = 60.0
"""After a start, which has other work."""
TRIES = 6
"""Of one step, with growing pauses: about two minutes. Then the job has failed, and waits for an operator."""
TRIED_ONCE = (SCREEN,)
"""Kinds that who wants them begins again: meanwhile others have their turn."""


class Jobs(TaskActor):
    """One job runs at a time, step after step; after each the table knows how far it is."""

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=1_000, overflow=Overflow.FAIL)

    def __init__(self, durable: DurableStore, kinds: Kinds, *, publisher: ActorRef) -> None:
        super().__init__()
        self._durable = durable
        self._kinds = kinds
        self._publisher = publisher
        self._jobs: dict[str, Job] = {}
        """Those that are not at their end, or whose end the table does not know; the oldest first."""
        self._running = ""
        self._saving = anyio.Lock()

    async def on_start(self) -> None:
        """What an engine before this one was at goes on where it was."""
        for job in await self._durable.unfinished_jobs():
            if job.status == "running":
                await self._change(after_cut_off(job))
            else:
                self._jobs[job.id] = job
        self._run_next()
        self.send_after(FIRST_TIDY_S, ForgetJobs())
        self.send_every(DAY_S, ForgetJobs())

    @handles(ForgetJobs)
    async def on_forget(self, _: ForgetJobs) -> None:
        """What was not forgotten today is tomorrow."""
        try:
            log.info("jobs_forgotten", count=await self._durable.forget_jobs(KEPT_DAYS))
        except StorageError as error:
            log.info("jobs_not_forgotten", error=str(error))

    @handles(StartJob)
    async def on_start_job(self, wish: StartJob) -> dict[str, Any] | Refused:
        """The asker gets JobError where it can not be done, and the store's error where it can not be noted."""
        now_ms = self.system.clock.now_ns() // 1_000_000
        while f"{wish.kind}-{now_ms}" in self._jobs:
            now_ms += 1
        try:
            arguments = self._kinds.complete(wish.kind, wish.arguments, self.system.clock.now_ns())
            if wish.kind == SCREEN and (same := self._screened_already(arguments)):
                return shown(same)
            total = len(self._kinds.work(wish.kind, arguments))
            job = Job(f"{wish.kind}-{now_ms}", wish.kind, "waiting", arguments=arguments, total=total)
            await self._durable.save_job(job)
        except JobError as error:
            return Refused(error)
        except StorageError as error:
            return Refused(JobError(str(error)))
        await self._change(job)
        self._run_next()
        return shown(job)

    def _screened_already(self, arguments: Mapping[str, Any]) -> Job | None:
        """The run that does the same; raises JobNotNowError where there is no room for another one."""
        under_way = [job for job in self._jobs.values() if job.kind == SCREEN and job.status in ("waiting", "running")]
        same = same_run(under_way, arguments)
        if same is None:
            require_room(under_way, arguments)
        return same

    @handles(ChangeJob)
    async def on_change_job(self, wish: ChangeJob) -> dict[str, Any] | Refused:
        """Takes effect after the step that is under way. The asker gets JobError where it makes no sense."""
        try:
            job = self._jobs.get(wish.id) or await self._durable.job(wish.id)
        except StorageError as error:
            return Refused(JobError(str(error)))
        if job is None:
            return Refused(JobError(f"there is no job {wish.id!r}"))
        status = NEXT.get((job.status, wish.action))
        if status is None:
            return Refused(JobError(f"a job that is {job.status} can not be told to {wish.action}"))
        message = "" if wish.action == "retry" else job.message
        job = msgspec.structs.replace(job, status=status, message=message)
        await self._change(job)
        self._run_next()
        return shown(job)

    def _run_next(self, ended: Job | None = None) -> None:
        """After an urgent job another one has its turn, for a step at least: who is urgent again and again keeps nobody waiting."""
        others = self._next_waiting(but=URGENT) if ended is not None and ended.kind in URGENT else None
        waiting = others or self._next_waiting()
        if waiting is not None and not self._running:
            self._running = waiting.id
            self.spawn(self._run, waiting.id)

    def _next_waiting(self, but: Sequence[str] = ()) -> Job | None:
        waiting = (job for job in self._jobs.values() if job.status == "waiting" and job.kind not in but)
        return min(waiting, key=_rank, default=None)  # of equals the oldest

    def _gives_way(self, job: Job) -> bool:
        following = self._next_waiting()
        return following is not None and _rank(following) < _rank(job)

    async def _run(self, identity: str) -> None:
        """Beside the mailbox: who wants it to pause must not wait until it is over."""
        job = self._jobs[identity]
        await self._advance(identity, status="running")
        try:
            work = self._kinds.work(job.kind, job.arguments)
            while self._goes_on(identity) and self._jobs[identity].done < len(work):
                done = self._jobs[identity].done
                said = await self._try(job, work.step, done)
                if said is not None:
                    await self._advance(identity, done=done + 1, progress=(done + 1) / len(work), message=said)
                if self._gives_way(job):
                    await self._advance(identity, status="waiting")
            if self._goes_on(identity):
                await self._advance(identity, status="done", progress=1.0)
        except Exception as error:
            # We are the supervisor of the work: whatever ended it would end this actor, and with it all other jobs, wait
            # again in our next life, and so for ever.
            log.warning("job_failed", job=identity, error=str(error), exc_info=not _is_known(error))
            await self._advance(identity, status="failed", message=_why(error))
        self._running = ""
        self._run_next(job)

    def _goes_on(self, identity: str) -> bool:
        return identity in self._jobs and self._jobs[identity].status == "running"

    async def _try(self, job: Job, step: Any, number: int) -> str | None:
        """A step's words; what fails for now is tried again, as long as nobody wants otherwise.

        None: it failed, and another job goes before it now. Who is in a hurry does not wait for two minutes of tries.
        """
        for attempt in range(1, 1 if job.kind in TRIED_ONCE else TRIES):
            try:
                return await step(number)
            except Exception as error:  # ours to supervise, as in _run
                log.info("job_step_failed", job=job.id, step=number, attempt=attempt, error=_why(error))
                if _is_final(error) or not self._goes_on(job.id):
                    raise
            if self._gives_way(job):
                return None
            await anyio.sleep(retry_delay_s(attempt, jitter=lambda: 0.5))
        return await step(number)

    async def _advance(self, identity: str, **news: Any) -> None:
        """A wish that came meanwhile stays: what a step has done is noted beside it."""
        job = self._jobs.get(identity)
        if job is None or job.status not in UNFINISHED:
            return
        if job.status == "paused":
            news.pop("status", None)
        await self._change(msgspec.structs.replace(job, **news))

    async def _change(self, job: Job) -> None:
        """Known here first; a database that is away learns it with the next step.

        One save at a time, of what is newest then: a step's end must not overtake the wish to cancel.
        """
        self._jobs[job.id] = job
        self._publisher.tell(JobChanged(job))
        async with self._saving:
            newest = self._jobs.get(job.id, job)
            try:
                await self._durable.save_job(newest)
            except StorageError as error:
                log.warning("job_not_noted", job=job.id, status=newest.status, error=str(error))
                return
            if newest.status not in UNFINISHED and self._jobs.get(job.id) is newest:
                del self._jobs[job.id]


def _rank(job: Job) -> int:
    """The lower, the earlier its turn. What is run by itself comes after what somebody waits for."""
    if job.kind in URGENT:
        return 1 if job.arguments.get("scheduled") else 0
    return 3 if job.kind in PATIENT else 2


def _is_final(error: Exception) -> bool:
    """What was understood and refused is not asked again."""
    return isinstance(error, JobError | StorageError) and not isinstance(error, StorageUnavailableError)


def _why(error: Exception) -> str:
    """What we know of has its own sentence; what nobody foresaw says at least what it is."""
    return str(error) if _is_known(error) else f"it crashed: {type(error).__name__}: {error}"


def _is_known(error: Exception) -> bool:
    return isinstance(error, JobError | StorageError | ProviderError | KernelError)


def shown(job: Job) -> dict[str, Any]:
    """A job as operators see it."""
    return msgspec.to_builtins(job)

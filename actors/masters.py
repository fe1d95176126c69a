"""The masters: once a day each provider's instrument list is read again, before the market opens."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from typing import ClassVar

import structlog

from actors.job_arguments import JobError
from actors.messages import Alert, Count, LookAtLists, StartJob
from engine.runtime import ActorDeadError, ActorRef, AskTimeoutError, MailboxSpec, Overflow, TaskActor, handles
from engine.seeding import FORMATS
from engine.seeding.rounds import Begin, Done, Populated, due_ns, next_step, populated
from engine.storage.durable import DurableStore
from engine.storage.errors import StorageError

log = structlog.get_logger("ticktree.masters")

LOOK_S = 60.0
JOBS_READ = 200
JOB_TIMEOUT_S = 10.0
ALARMED_AFTER = 3
"""Failures in one round: an operator should know."""
AGE_PREFIX = "list_age_s"
FAILURES_PREFIX = "list_failures"
NS_PER_S = 1_000_000_000


class Masters(TaskActor):
    """Begins populate jobs and waits for their ends. Until a round has succeeded, yesterday's mappings are in force.

    How far a round is stands in the table of jobs, so that an engine after this one goes on where it was.
    """

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=100, overflow=Overflow.DROP_OLDEST)

    def __init__(
        self,
        durable: DurableStore,
        providers: Sequence[str],
        at: time,
        *,
        jobs: ActorRef,
        publisher: ActorRef,
        jitter: Callable[[], float],
    ) -> None:
        super().__init__()
        self._durable = durable
        self._at = at
        self._jobs = jobs
        self._publisher = publisher
        self._chance = {provider: jitter() for provider in providers}
        self._read_ns: dict[str, int] = {}
        """When each list was read last; 0 where it never was, absent while the store has not told."""
        self._first_due_ns: dict[str, int] = {}
        """Of lists that were never read: the round that was over when we began. Who filled the tables did that by hand."""
        self._failures = dict.fromkeys(providers, 0)

    async def on_start(self) -> None:
        self.send_every(LOOK_S, LookAtLists())

    @handles(LookAtLists)
    async def on_look(self, _: LookAtLists) -> None:
        for provider in self._chance:
            try:
                await self._look(provider)
            except (JobError, StorageError, ActorDeadError, AskTimeoutError) as error:
                log.info("list_postponed", provider=provider, error=str(error))

    @handles(Count)
    def on_count(self, _: Count) -> dict[str, float]:
        now_ns = self.system.clock.now_ns()
        ages = {f"{AGE_PREFIX}:{name}": (now_ns - ns) / NS_PER_S for name, ns in self._read_ns.items() if ns}
        return ages | {f"{FAILURES_PREFIX}:{name}": count for name, count in self._failures.items()}

    async def _look(self, provider: str) -> None:
        now_ns = self.system.clock.now_ns()
        due = due_ns(provider, self._at, now_ns, self._chance[provider])
        if provider not in self._read_ns:
            self._read_ns[provider] = await self._durable.checkpoint(_name(provider))
        read_ns = self._read_ns[provider] or self._first_due_ns.setdefault(provider, due)
        if read_ns < due:
            await self._go_on(provider, due, now_ns)

    async def _go_on(self, provider: str, due: int, now_ns: int) -> None:
        has_list = provider in FORMATS
        followed = await self._durable.followed_underlyings(_day(now_ns)) if has_list else []
        step = next_step(await self._populated(provider), due, now_ns, followed=followed, has_list=has_list)
        if isinstance(step, Begin):
            wanted = {"what": step.what, "provider": provider, **step.selection}
            job = await self._jobs.ask(StartJob("populate", wanted), timeout_s=JOB_TIMEOUT_S)
            log.info("list_begun", provider=provider, what=step.what, job=job["id"])
        elif isinstance(step, Done):
            await self._note(provider, now_ns)
        else:
            self._note_failures(provider, step.failures)

    async def _populated(self, provider: str) -> list[Populated]:
        """The provider's jobs that filled instruments or mappings, the newest first."""
        jobs = await self._durable.jobs(JOBS_READ, "populate")
        ours = (job for job in jobs if job.arguments["provider"] == provider and job.arguments["what"] != "exchanges")
        return [populated(job.id, job.status, job.arguments) for job in ours]

    async def _note(self, provider: str, now_ns: int) -> None:
        await self._durable.save([], [], checkpoint_ns=now_ns, name=_name(provider))
        self._read_ns[provider] = now_ns
        self._failures[provider] = 0
        log.info("list_read", provider=provider)

    def _note_failures(self, provider: str, failures: int) -> None:
        if failures == ALARMED_AFTER > self._failures[provider]:
            words = (
                f"The list of {provider} could not be read {failures} times today: yesterday's mappings stay in force."
            )
            self._publisher.tell(Alert("", words, self.system.clock.now_ns()))
        self._failures[provider] = failures


def _day(ns: int) -> date:
    return datetime.fromtimestamp(ns // NS_PER_S, UTC).date()


def _name(provider: str) -> str:
    """Of the checkpoint that says when it was read."""
    return f"list:{provider}"

"""The historian: knows whose past nobody has read yet, and has it read by a job when somebody asks for it."""

from typing import ClassVar, Literal

import anyio
import structlog

from actors.job_arguments import MOST_INSTRUMENTS, JobError
from actors.messages import HistoryWanted, StartJob, SweepHistory
from actors.past import Past
from engine.runtime import ActorDeadError, ActorRef, AskTimeoutError, MailboxSpec, Overflow, TaskActor, handles
from engine.storage.errors import StorageError

log = structlog.get_logger("ticktree.historian")

Wanted = Literal["all", "asked", "off"]

SWEEP_S = 2.0
"""Wishes of so long become one job."""
FORGET_S = 86_400.0
"""How long an instrument is left alone after its past was asked for; of the loop's time."""
MOST_WISHES = 20_000
JOB_TIMEOUT_S = 10.0


class Historian(TaskActor):
    """Gathers wishes, leaves out what has been read, and starts a ``history`` job for the rest.

    ``wanted`` tells whose past is read: of ``all`` instruments, of those ``asked`` for, or (``off``) of none.
    """

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=1_000, overflow=Overflow.DROP_OLDEST)

    def __init__(self, past: Past, *, jobs: ActorRef, wanted: Wanted) -> None:
        super().__init__()
        self._past = past
        self._jobs = jobs
        self._wanted = wanted
        self._wishes: dict[str, None] = {}
        self._left_alone_until_s: dict[str, float] = {}

    async def on_start(self) -> None:
        self.send_every(SWEEP_S, SweepHistory())

    @handles(HistoryWanted)
    def on_history_wanted(self, wanted: HistoryWanted) -> None:
        if self._wanted != "off" and len(self._wishes) < MOST_WISHES:
            self._wishes[wanted.instrument] = None

    @handles(SweepHistory)
    async def on_sweep(self, _: SweepHistory) -> None:
        """What can not be told now is told with the next sweep."""
        now_s = anyio.current_time()
        self._left_alone_until_s = {name: until for name, until in self._left_alone_until_s.items() if until > now_s}
        known = self._past.instruments
        asked = known if self._wanted == "all" else [name for name in known if name in self._wishes]
        fresh = [name for name in asked if name not in self._left_alone_until_s][:MOST_INSTRUMENTS]
        try:
            unread = [name for name in fresh if await self._past.pieces(name)]
            if unread:
                await self._jobs.ask(StartJob("history", {"instruments": unread}), timeout_s=JOB_TIMEOUT_S)
        except (JobError, StorageError, ActorDeadError, AskTimeoutError) as error:
            log.info("history_wishes_postponed", instruments=len(fresh), error=str(error))
            return
        self._left_alone_until_s |= dict.fromkeys(fresh, now_s + FORGET_S)
        if known:  # before the first routes are known, a wish waits
            self._wishes.clear()

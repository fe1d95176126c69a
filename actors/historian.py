"""The historian: brings the past of instruments that somebody asks for, one after the other, behind everything live."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import ClassVar, Literal, TypeVar

import anyio
import structlog

from actors.messages import Count, HistoryFilled, HistoryWanted, SweepHistory
from actors.past import Past
from actors.sources import FOR_GOOD
from engine.market import CalendarError, retry_delay_s
from engine.providers.base import ProviderError
from engine.runtime import ActorRef, MailboxSpec, Overflow, TaskActor, handles
from engine.storage.durable import DurableStore, Job
from engine.storage.errors import StorageError

log = structlog.get_logger("ticktree.historian")

KIND = "history"
SWEEP_S = 60.0
FORGET_S = 86_400.0
"""How long an instrument that was read through, or given up, is left alone; of the loop's time."""
MOST_ATTEMPTS = 8
MOST_WAITING = 20_000
JOBS_LOOKED_AT = 1_000
RUNNING = ("waiting", "running")

Wanted = Literal["all", "asked", "off"]
Done = TypeVar("Done")


class Historian(TaskActor):
    """One instrument and one call at a time: patient at the provider's limit, and noted as a job of each instrument.

    ``wanted`` tells whose past is read: of ``all`` instruments, of those ``asked`` for, or (``off``) of none.
    """

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=1_000, overflow=Overflow.DROP_OLDEST)

    def __init__(
        self, past: Past, durable: DurableStore, *, charts: ActorRef, wanted: Wanted, jitter: Callable[[], float]
    ) -> None:
        super().__init__()
        self._past = past
        self._durable = durable
        self._charts = charts
        self._wanted = wanted
        self._jitter = jitter
        self._waiting: dict[str, None] = {}
        self._left_alone_until_s: dict[str, float] = {}
        self._busy = False
        self.written = 0

    async def on_start(self) -> None:
        """What an engine before this one was reading is taken up again: how far it got is noted in PostgreSQL."""
        try:
            jobs = await self._durable.jobs(JOBS_LOOKED_AT)
        except StorageError as error:
            log.info("history_jobs_not_read", error=str(error))
            jobs = []
        for job in jobs:
            if job.kind == KIND and job.status in RUNNING:
                self._queue(job.id.removeprefix(f"{KIND}:"))
        self.send_every(SWEEP_S, SweepHistory())

    @handles(HistoryWanted)
    def on_history_wanted(self, wanted: HistoryWanted) -> None:
        """Who asks goes before those that nobody waits for."""
        self._queue(wanted.instrument, first=True)

    @handles(SweepHistory)
    def on_sweep(self, _: SweepHistory) -> None:
        now_s = anyio.current_time()
        self._left_alone_until_s = {name: until for name, until in self._left_alone_until_s.items() if until > now_s}
        for instrument in self._past.instruments if self._wanted == "all" else ():
            self._queue(instrument)
        self._go_on()

    @handles(Count)
    def on_count(self, _: Count) -> dict[str, int]:
        return {"history_waiting": len(self._waiting) + self._busy, "history_candles": self.written}

    def _queue(self, instrument: str, *, first: bool = False) -> None:
        if self._wanted == "off" or instrument in self._left_alone_until_s:
            return
        if instrument not in self._waiting and len(self._waiting) >= MOST_WAITING:
            log.warning("history_wish_dropped", instrument=instrument, waiting=len(self._waiting))
            return
        self._waiting = {instrument: None, **self._waiting} if first else {**self._waiting, instrument: None}
        self._go_on()

    def _go_on(self) -> None:
        if self._waiting and not self._busy and self._past.instruments:  # no routes yet: the sweep looks again
            self._busy = True
            instrument = next(iter(self._waiting))
            self._waiting.pop(instrument)
            self._left_alone_until_s[instrument] = anyio.current_time() + FORGET_S
            self.spawn(self._read, instrument)

    async def _read(self, instrument: str) -> None:
        try:
            await self._read_through(instrument)
        except (ProviderError, StorageError, CalendarError, LookupError) as error:
            log.warning("history_given_up", instrument=instrument, error=str(error))
            await self._note(instrument, "failed", 0.0, str(error))
        self._busy = False
        self._go_on()

    async def _read_through(self, instrument: str) -> None:
        """Every piece with patience; the charts hear once, when all is there."""
        pieces = await self._patiently(partial(self._past.pieces, instrument))
        written = 0
        for number, piece in enumerate(pieces):
            await self._note(
                instrument, "running", number / len(pieces), f"{piece.stretch.timeframe}, {written:,} candles"
            )
            written += await self._patiently(partial(self._past.read, piece))
        if pieces:
            self.written += written
            log.info("history_read", instrument=instrument, candles=written, calls=len(pieces))
            await self._note(instrument, "done", 1.0, f"{written:,} candles")
        if written:
            self._charts.tell(HistoryFilled(instrument))

    async def _patiently(self, work: Callable[[], Awaitable[Done]]) -> Done:
        """Tries again what passes by itself; what was saved before is not done twice."""
        attempt = 0
        while True:
            try:
                return await work()
            except (ProviderError, StorageError) as error:
                attempt += 1
                hopeless = isinstance(error, ProviderError) and error.advice in FOR_GOOD
                if hopeless or attempt >= MOST_ATTEMPTS:
                    raise
                wait_s = (error.wait_s if isinstance(error, ProviderError) else None) or 0.0
                delay_s = max(wait_s, retry_delay_s(attempt, jitter=self._jitter))
                log.info("history_postponed", attempt=attempt, delay_s=round(delay_s, 1), error=str(error))
            await anyio.sleep(delay_s)

    async def _note(self, instrument: str, status: str, progress: float, message: str) -> None:
        """A job that can not be noted is done all the same."""
        try:
            await self._durable.save_job(Job(f"{KIND}:{instrument}", KIND, status, progress, message))
        except StorageError as error:
            log.debug("history_job_not_noted", instrument=instrument, error=str(error))

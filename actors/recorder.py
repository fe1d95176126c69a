"""The recorder: keeps what comes from providers in files, and never makes anybody wait for the disk."""

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

import anyio
import structlog

from actors.messages import Count, Flush
from engine.recording import Answer, Ended, Frame, Hole, Lost, Opened, Quoted, Record, RecordingFolder, Session, time_of
from engine.runtime import MailboxSpec, Overflow, TaskActor, handles

log = structlog.get_logger("ticktree.recorder")

FLUSH_INTERVAL_S = 1.0
"""What a machine that loses its power takes along."""
BLOCK_BYTES = 256 * 1024
UNWRITTEN_BYTES = 32 * 2**20
"""Kept while the disk does not take it; beyond, it is forgotten, and the file will say so."""


class Recorder(TaskActor):
    """Gathers records into blocks, which a thread writes.

    What it can not keep up with is dropped, oldest first, and leaves a ``Hole`` in the recording: a feed goes on.
    """

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=50_000, overflow=Overflow.DROP_OLDEST)
    drains: ClassVar[bool] = True

    def __init__(self, begin: Callable[[], Awaitable[Session]], opened: Callable[[Session], RecordingFolder]) -> None:
        super().__init__()
        self._begin = begin
        self._opened = opened
        self._records: list[Record] = []
        self._size = 0
        self._dropped = 0
        self._lost = 0
        self._away = False

    async def on_start(self) -> None:
        self._dropped = self._mailbox_drops()
        self._folder = self._opened(await self._begin())
        self.send_every(FLUSH_INTERVAL_S, Flush())

    async def on_stop(self) -> None:
        self._records.append(Ended(self.system.clock.now_ns()))
        await self._write()
        await anyio.to_thread.run_sync(self._folder.close)

    @handles(Frame)
    async def on_frame(self, frame: Frame) -> None:
        self._add(frame, len(frame.data) + 32)
        if self._size >= BLOCK_BYTES and not self._away:
            await self._write()

    @handles(Opened)
    def on_opened(self, opened: Opened) -> None:
        self._add(opened, 32)

    @handles(Lost)
    def on_lost(self, lost: Lost) -> None:
        self._add(lost, 64)

    @handles(Answer)
    def on_answer(self, answer: Answer) -> None:
        self._add(answer, 64 + 100 * len(answer.candles))

    @handles(Quoted)
    def on_quoted(self, quoted: Quoted) -> None:
        self._add(quoted, 64 + 40 * len(quoted.quotes))

    @handles(Flush)
    async def on_flush(self, _: Flush) -> None:
        await self._write()

    @handles(Count)
    def on_count(self, _: Count) -> dict[str, int]:
        written = self._folder.statistics
        return {
            "recorded_records": written.records,
            "recorded_bytes": written.bytes,
            "recorded_files": written.files,
            "records_lost": self._lost,
            "records_unwritten": len(self._records) if self._away else 0,
        }

    def _add(self, record: Record, size: int) -> None:
        dropped = self._mailbox_drops()
        if dropped != self._dropped:
            self._confess(time_of(record), dropped - self._dropped, "the recorder did not keep up")
            self._dropped = dropped
        self._records.append(record)
        self._size += size
        if self._size > UNWRITTEN_BYTES:
            lost, self._records, self._size = len(self._records), [], 0
            self._confess(time_of(record), lost, "the disk took nothing for too long")

    def _confess(self, at_ns: int, lost: int, why: str) -> None:
        self._lost += lost
        self._records.append(Hole(at_ns, lost, why))
        log.warning("recording_has_a_hole", lost=lost, why=why)

    async def _write(self) -> None:
        """What fails is kept and tried at the next flush."""
        if not self._records:
            return
        try:
            await anyio.to_thread.run_sync(self._folder.write, self._records)
        except OSError as error:
            if not self._away:
                log.warning("recording_not_written", error=str(error))
            self._away = True
        else:
            self._records, self._size, self._away = [], 0, False

    def _mailbox_drops(self) -> int:
        mailbox: Any = self.actor_inbox  # pykka knows no counters
        return mailbox.dropped

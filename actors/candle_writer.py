"""The hot store's writer: gathers what instruments report and writes it in a few large commands per flush."""

from collections.abc import Hashable, Iterable
from typing import Any, ClassVar

import structlog
from msgspec.structs import replace

from actors.channels import LIVE_CANDLES, encode_live_candles
from actors.messages import CandleClosed, CandlesWritten, Count, Flush, Interrupted, Saved, WriteCandles, WritesLost
from actors.pace import Pace
from actors.unsaved import Unsaved
from engine.market import CandleState
from engine.runtime import ActorRef, Conflate, HealPoint, MailboxSpec, TaskActor, handles, reach
from engine.storage.errors import StorageUnavailableError
from engine.storage.hot import HotStore, InstrumentReport

log = structlog.get_logger("ticktree.candle_writer")

MILLISECOND_NS = 1_000_000
CANDLE_LIMIT = 200_000
"""Closed candles kept while the hot store is away: 20 minutes of 5,000 instruments. What goes beyond is healed later."""


def _key(message: Any) -> Hashable:
    """Reports conflate by instrument: the newer one says all that the older said. Candles keep their order."""
    if isinstance(message, InstrumentReport):
        return message.instrument
    if isinstance(message, CandleClosed):
        candle = message.candle
        return candle.instrument, candle.timeframe, candle.time, candle.revision, message.told
    return type(message).__name__


class CandleWriter(TaskActor):
    """Writes reports and closed candles to the hot store, and says which candles stand there now."""

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=CANDLE_LIMIT, overflow=Conflate(_key))
    drains: ClassVar[bool] = True

    def __init__(
        self,
        hot: HotStore,
        *,
        persister: ActorRef,
        publisher: ActorRef,
        resolver: ActorRef,
        charts: ActorRef,
        surveyor: ActorRef,
        interval_s: float = Pace().flush_s,
    ) -> None:
        super().__init__()
        self._interval_s = interval_s
        self._hot = hot
        self._persister = persister
        self._publisher = publisher
        self._resolver = resolver
        self._charts = charts
        self._surveyor = surveyor
        self._reports: dict[str, InstrumentReport] = {}
        self._volumes: dict[str, tuple[int, int]] = {}
        """Unattributed volume and corrections of the instruments that have any, as they last told."""
        self._candles: dict[tuple[str, str, int], CandleClosed] = {}
        self._live_offset = 0
        self._epoch = 0
        self._unsaved = Unsaved(0, 0)
        self._noted_ns = 0
        self._away = False

    async def on_start(self) -> None:
        """What a writer before this one left unsaved stays noted; what it had not written, the resolver reads again."""
        self._epoch = self.system.clock.now_ns()
        self._noted_ns = await self._hot.get_unsaved()
        self._unsaved = Unsaved(self._epoch, self._noted_ns)
        if self._resolver.is_alive():
            self._resolver.tell(WritesLost())
        self.send_every(self._interval_s, Flush())

    async def on_stop(self) -> None:
        await self.on_flush(Flush())

    @handles(InstrumentReport)
    def on_report(self, report: InstrumentReport) -> None:
        self._reports[report.instrument] = report
        if report.unattributed or report.corrections:
            self._volumes[report.instrument] = report.unattributed, report.corrections

    @handles(CandleClosed)
    def on_candle_closed(self, message: CandleClosed) -> None:
        """One a bucket, the newest. One that was told already, but of which nobody has heard yet, is still to be told."""
        candle = message.candle
        key = candle.instrument, candle.timeframe, candle.time
        waiting = self._candles.get(key)
        if waiting is not None and not waiting.told:
            message = CandleClosed(candle, message.watched)
        self._candles[key] = message
        if len(self._candles) > CANDLE_LIMIT:
            self._give_up_oldest()

    @handles(Count)
    def on_count(self, _: Count) -> dict[str, int]:
        return {
            "candles_unwritten": len(self._candles),
            "volume_unattributed": sum(unattributed for unattributed, _ in self._volumes.values()),
            "volume_corrections": sum(corrections for _, corrections in self._volumes.values()),
        }

    @handles(Flush)
    async def on_flush(self, _: Flush) -> None:
        """Candles first: a client that hears of a bar must find it. What fails is kept and tried at the next flush."""
        try:
            await self._write_candles()
            await self._write_reports()
        except StorageUnavailableError as error:
            self._report_away(error)
        else:
            self._away = False

    @handles(WriteCandles)
    async def on_write_candles(self, _: WriteCandles) -> bool:
        """What was told before this stands in the store then; false while it is away."""
        try:
            await self._write_candles()
        except StorageUnavailableError as error:
            self._report_away(error)
            return False
        return True

    @handles(Saved)
    async def on_saved(self, saved: Saved) -> None:
        self._unsaved.save(saved.batch)
        try:
            await self._note_unsaved()
        except StorageUnavailableError as error:
            log.debug("unsaved_not_noted", error=str(error))

    async def _write_candles(self) -> None:
        """The note comes first: whatever moment ends us, a candle that stands here alone is noted."""
        if not self._candles:
            return
        closed = self._published(self._candles.values())
        candles = tuple(message.candle for message in closed)
        batch = self._unsaved.write(min(candle.time for candle in candles))
        await self._note_unsaved()
        revises = any(candle.state is CandleState.REVISED for candle in candles)
        if revises:
            reach(HealPoint.BEFORE_CANDLES)
        await self._hot.write_candles(candles, {message.candle.instrument for message in closed if message.watched})
        if revises:
            reach(HealPoint.AFTER_CANDLES)
        for candle in candles:
            self._candles.pop((candle.instrument, candle.timeframe, candle.time))
        self._persister.tell(CandlesWritten(candles, batch))
        for listener in (self._charts, self._surveyor):
            listener.tell(CandlesWritten(candles, batch))
        self._publisher.tell(CandlesWritten(tuple(message.candle for message in closed if not message.told), batch))

    def _published(self, waiting: Iterable[CandleClosed]) -> tuple[CandleClosed, ...]:
        """A candle is published when it is written: what it supersedes while it waits nobody ever knew."""
        published_ns = self.system.clock.now_ns() // MILLISECOND_NS * MILLISECOND_NS
        return tuple(
            CandleClosed(replace(message.candle, published_ns=published_ns), message.watched, message.told)
            for message in waiting
        )

    async def _note_unsaved(self) -> None:
        since_ns = self._unsaved.since_ns
        if since_ns != self._noted_ns:
            await self._hot.set_unsaved(since_ns)
            self._noted_ns = since_ns

    async def _write_reports(self) -> None:
        reports = self._reports
        if not reports:
            return
        await self._hot.write_live(tuple(reports.values()))
        self._reports = {}
        watched = [candle for report in reports.values() if report.watched for candle in report.forming]
        if watched:
            self._live_offset += 1
            await self._hot.publish(LIVE_CANDLES, encode_live_candles(self._epoch, self._live_offset, watched))

    def _give_up_oldest(self) -> None:
        """Memory stays bounded; the bucket is healed from the provider once the store is back."""
        key = next(iter(self._candles))
        candle = self._candles.pop(key).candle
        self._resolver.tell(Interrupted(candle.instrument, candle.time, candle.time))

    def _report_away(self, error: Exception) -> None:
        if not self._away:
            log.warning("hot_store_away", error=str(error), waiting_candles=len(self._candles))
        self._away = True

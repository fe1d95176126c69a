"""The engine's voice: publishes the newest prices every 50 ms, and final candles and statuses as a stream."""

from collections import deque
from itertools import islice
from typing import ClassVar

import structlog

from actors.channels import (
    MARKET_DATA,
    decode_candle_event,
    encode_alert_event,
    encode_candle_event,
    encode_fired_alert_event,
    encode_job_event,
    encode_market_data,
    encode_order_event,
    encode_screener_event,
    encode_status_event,
    encode_symbols_event,
)
from actors.messages import (
    Alert,
    AlertsFired,
    CandlesWritten,
    Count,
    FeedStatus,
    Flush,
    JobChanged,
    Notified,
    OrderTold,
    SymbolStatus,
    TakeNewest,
)
from actors.pace import Pace
from actors.publications import Publications
from actors.screen_work import SCREEN
from engine.market import CandleState, Tick
from engine.runtime import (
    ActorDeadError,
    ActorRef,
    AskTimeoutError,
    HealPoint,
    MailboxSpec,
    Overflow,
    TaskActor,
    handles,
    reach,
)
from engine.storage.errors import StorageUnavailableError
from engine.storage.hot import HotStore

log = structlog.get_logger("ticktree.publisher")

TAKE_TIMEOUT_S = 5.0
EVENT_LIMIT = 100_000
"""Events kept while the hot store is away: as many as the stream itself keeps. Older ones go, are counted and told."""
EVENTS_PER_WRITE = 5_000
REMEMBERED_MS = 300_000
"""So far back the stream is read at a start for what was told already."""


class Publisher(TaskActor):
    """While the store is away prices go on conflating and events wait in order; both go out when it is back."""

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=10_000, overflow=Overflow.DROP_OLDEST)
    drains: ClassVar[bool] = True

    def __init__(self, hot: HotStore, *, broadcaster: ActorRef, interval_s: float = Pace().publish_s) -> None:
        super().__init__()
        self._hot = hot
        self._broadcaster = broadcaster
        self._interval_s = interval_s
        self._unsent: dict[str, Tick] = {}
        self._events: deque[tuple[str, bytes]] = deque()
        self._alerts: frozenset[str] = frozenset()
        """Those that were appended last: who did not hear of it asks again."""
        self._publications = Publications()
        self._epoch = 0
        self._offset = 0
        self._newest_event = (0, 0)
        self._tells_revisions = False
        self._away = False
        self.events_dropped = 0
        self._confessed = 0
        """Of those dropped, how many clients know of."""

    async def on_start(self) -> None:
        """Positions go on from the newest entry of ``events``, so that they never go back."""
        now_ns = self.system.clock.now_ns()
        self._epoch = now_ns // 1_000_000
        await self._hot.begin_events(str(now_ns))
        _, last_id = await self._hot.events_position()
        milliseconds, number = last_id.split("-")
        self._newest_event = int(milliseconds), int(number)
        await self._remember_publications()
        self.send_every(self._interval_s, Flush())

    async def _remember_publications(self) -> None:
        """An instrument that crashed tells again what it closed since its last report, also to a publisher that is new."""
        position = f"{max(0, self._newest_event[0] - REMEMBERED_MS)}-0"
        while entries := await self._hot.read_events(position, EVENTS_PER_WRITE):
            position, _ = entries[-1]
            for _, payload in entries:
                candle = decode_candle_event(payload)
                if candle is not None:
                    self._publications.is_news(candle)

    async def on_stop(self) -> None:
        """What can not be appended now is lost, and the next publisher says so."""
        await self.on_flush(Flush())
        if self._away:
            return
        try:
            await self._hot.end_events()
        except StorageUnavailableError as error:
            log.info("events_not_ended", error=str(error))

    @handles(CandlesWritten)
    def on_candles_written(self, message: CandlesWritten) -> None:
        self._tells_revisions |= any(candle.state is CandleState.REVISED for candle in message.candles)
        for candle in message.candles:
            if self._publications.is_news(candle):
                self._append(encode_candle_event(candle))

    @handles(Alert)
    def on_alert(self, alert: Alert) -> None:
        self._append(encode_alert_event(alert))

    @handles(AlertsFired)
    async def on_alerts_fired(self, fired: AlertsFired) -> bool:
        """Whether the stream has them now; who hears no tells them again, under the same ids.

        While the store is away they wait with who kept them, and push nothing out of what waits here.
        """
        await self.on_flush(Flush())
        if self._away:
            return False
        for alert in fired.alerts:
            if alert.id not in self._alerts:
                self._append(encode_fired_alert_event(alert))
        self._alerts = frozenset(alert.id for alert in fired.alerts)
        await self.on_flush(Flush())
        return not self._away

    @handles(Notified)
    def on_notified(self, notified: Notified) -> None:
        """A complaint is an alert; what else providers say is for the log."""
        notification = notified.notification
        words = f"{notification.provider}: {notification.data.get('message', '')}"
        log.info("provider_says", provider=notification.provider, kind=notification.kind, words=words)
        if notification.kind == "error":
            self.on_alert(Alert("", words, notification.at_ns))

    @handles(OrderTold)
    def on_order_told(self, told: OrderTold) -> None:
        self._append(encode_order_event(told.notification, told.owner))

    @handles(JobChanged)
    def on_job_changed(self, changed: JobChanged) -> None:
        self._append(encode_job_event(changed.job))
        if changed.job.kind == SCREEN:
            self._append(encode_screener_event(changed.job))

    @handles(FeedStatus)
    def on_feed_status(self, status: FeedStatus) -> None:
        self._append(encode_status_event(status))

    @handles(SymbolStatus)
    def on_symbol_status(self, status: SymbolStatus) -> None:
        self._append(encode_symbols_event(status))

    @handles(Count)
    def on_count(self, _: Count) -> dict[str, int]:
        return {"flushes": self._offset, "events_waiting": len(self._events), "events_dropped": self.events_dropped}

    @handles(Flush)
    async def on_flush(self, _: Flush) -> None:
        try:
            await self._publish_prices()
            await self._publish_events()
        except StorageUnavailableError as error:
            if not self._away:
                log.warning("publishing_stopped", error=str(error))
            self._away = True
        else:
            self._away = False

    async def _publish_prices(self) -> None:
        self._unsent |= await self._newest()
        if not self._unsent:
            return
        now_ns = self.system.clock.now_ns()
        payload = encode_market_data(self._epoch, self._offset + 1, now_ns, self._unsent.values())
        await self._hot.publish(MARKET_DATA, payload)
        self._offset += 1
        self._unsent = {}

    async def _newest(self) -> dict[str, Tick]:
        """A broadcaster that is being replaced has nothing new; events go out all the same."""
        try:
            return await self._broadcaster.ask(TakeNewest(), timeout_s=TAKE_TIMEOUT_S)
        except (ActorDeadError, AskTimeoutError):
            return {}

    async def _publish_events(self) -> None:
        while self._events:
            batch = list(islice(self._events, EVENTS_PER_WRITE))
            if self._tells_revisions:
                reach(HealPoint.BEFORE_EVENTS)
            await self._hot.append_events(batch)
            if self._tells_revisions:
                reach(HealPoint.AFTER_EVENTS)
            for _ in batch:
                self._events.popleft()
        self._tells_revisions = False
        if self.events_dropped != self._confessed:
            await self._hot.begin_epoch()
            self._confessed = self.events_dropped

    def _append(self, payload: bytes) -> None:
        if len(self._events) >= EVENT_LIMIT:
            self._events.popleft()
            self.events_dropped += 1
            self._alerts = frozenset()  # one of them may be what was dropped
        self._events.append((self._next_id(), payload))

    def _next_id(self) -> str:
        """Explicit ids, always rising: a repeated command finds its entry there and does no harm."""
        now_ms = self.system.clock.now_ns() // 1_000_000
        newest_ms, number = self._newest_event
        self._newest_event = (now_ms, 0) if now_ms > newest_ms else (newest_ms, number + 1)
        return "{}-{}".format(*self._newest_event)

"""The voice of a feed's lines: whom they tell how they are, what they carry, and what may be missing."""

from collections.abc import Iterable

import msgspec
import structlog

from actors.line import Line
from actors.messages import (
    Alert,
    FeedCounts,
    FeedResumed,
    FeedSeen,
    FeedStatus,
    LineCarries,
    LineHeard,
    Notified,
    OrdersDue,
)
from engine.market.diagnosis import STATUSES, Cause
from engine.providers.base import DecoderStatistics, Notification
from engine.runtime import ActorRef, Clock

log = structlog.get_logger("ticktree.feed")


class Listeners(msgspec.Struct, frozen=True):
    """Who hears what."""

    publisher: ActorRef
    heartbeat: ActorRef
    resolver: ActorRef
    sentinel: ActorRef
    orders: ActorRef


class LineVoice:
    """Speaks for all lines of one provider."""

    def __init__(self, provider: str, listeners: Listeners, clock: Clock) -> None:
        self.provider = provider
        self._to = listeners
        self._clock = clock

    def status(self, line: Line, cause: Cause, status: str = "", why: str = "") -> None:
        """``status`` is the contract's for the cause, unless another says more."""
        line.told = status or STATUSES[cause], cause, why
        status = line.told[0]
        log.info("feed_status", provider=self.provider, connection=line.number, status=status, cause=cause, why=why)
        message = self._status(line)
        for listener in (self._to.publisher, self._to.heartbeat, self._to.sentinel):
            listener.tell(message)

    def carries(self, line: Line) -> None:
        self._to.sentinel.tell(LineCarries(self.provider, line.number, line.routes))

    def introduce(self, line: Line) -> None:
        """To a sentinel that begins anew."""
        self.carries(line)
        self._to.sentinel.tell(self._status(line))

    def heard(self, line: Line) -> None:
        """What came since it was last told."""
        heard = line.take_heard()
        if heard:
            self._to.sentinel.tell(LineHeard(self.provider, line.number, heard))

    def counts(self, line: Line, statistics: DecoderStatistics) -> None:
        self._to.heartbeat.tell(FeedCounts(self.provider, line.number, statistics))

    def seen(self, line: Line, at_ns: int) -> None:
        """It was up then, and missed nothing."""
        self._to.resolver.tell(FeedSeen(self.provider, line.number, at_ns))

    def doubt(self, line: Line, at_ns: int, since_ns: int | None, instruments: Iterable[str] | None = None) -> None:
        """What came until ``at_ns`` may be wrong or missing; ``since_ns`` 0: since it was last seen, ``None``: nothing is."""
        if since_ns is None:
            return
        names = line.instruments if instruments is None else tuple(instruments)
        if names:
            self._to.resolver.tell(FeedResumed(self.provider, line.number, names, at_ns, since_ns))

    def joined(self, line: Line, at_ns: int) -> None:
        """Those that joined are carried now; what they traded since they were wanted may be missing."""
        joined = line.take_joined()
        if joined:
            self.doubt(line, at_ns, min(joined.values()), joined)

    def alert(self, words: str) -> None:
        """Something an operator has to do."""
        self._to.publisher.tell(Alert("", words, self._clock.now_ns()))

    def opened(self) -> None:
        """A connection begins, on which nobody will be told what became of orders before."""
        self._to.orders.tell(OrdersDue(self.provider))

    def notified(self, notification: Notification) -> None:
        """What a feed was told that is no price."""
        self._to.orders.tell(Notified(notification))

    def _status(self, line: Line) -> FeedStatus:
        status, cause, why = line.told
        return FeedStatus(self.provider, line.number, status, self._clock.now_ns(), why, cause)

"""The outbox: all that waits for one client, in bounded memory."""

from typing import TYPE_CHECKING

import msgspec

from web.hub.line import Line
from web.hub.topic import View, payloads
from web.protocol import Channel, Close, Conversation, Problem

if TYPE_CHECKING:
    from web.accounts.principal import Principal

STREAM_BUDGET = 256 * 1024
"""Bytes of answers and stream entries kept for a client that does not read; beyond them it is closed."""


class OutboxStatistics(msgspec.Struct, frozen=True):
    """Evidence of one client: published = delivered + conflated + dropped + waiting, counted apart from each other."""

    published: int
    delivered: int
    conflated: int
    dropped: int
    waiting: int


class Mark(msgspec.Struct, frozen=True, gc=False):
    """Where a topic's counters stood when the client began to follow it."""

    received: int
    superseded: int


class Outbox:
    """Joins what is new for a client into one write; while the client does not read, keeps the newest of each view.

    ``fresh`` is what the current flush brings. ``held`` are views whose newest value the client has not seen.
    ``stream`` are entries that must all arrive, in order; ``urgent`` are whole frames that go before everything else.
    """

    __slots__ = (
        "_held_since_ms", "_published", "_skipped_now", "_stream_bytes", "_superseded",
        "_urgent_pushes", "closed", "conversation", "delivered", "dropped", "fresh", "held", "line", "marks", "principal", "skipped", "stream", "urgent",
    )  # fmt: skip

    def __init__(self, line: Line, conversation: Conversation) -> None:
        self.line = line
        self.conversation = conversation
        self.principal: Principal | None = None
        """Whose client it is, once that is known."""
        self.marks: dict[View, Mark] = {}
        self.fresh: list[View] = []
        self.held: dict[View, None] = {}
        self.stream: list[bytes] = []
        self.urgent: list[bytes] = []
        self.closed = False
        self._stream_bytes = self._urgent_pushes = 0
        self._published = self._superseded = self.delivered = self.skipped = self.dropped = 0
        self._skipped_now = self._held_since_ms = 0

    @property
    def channels(self) -> tuple[Channel, ...]:
        return tuple(view.channel for view in self.marks)

    @property
    def instruments(self) -> frozenset[str]:
        """All the client follows anything of."""
        return frozenset(view.topic.instrument for view in self.marks)

    def follow(self, view: View) -> None:
        """Begins with a snapshot, when there is a value; what the next flush brings anyway is not sent twice."""
        topic = view.topic
        self.marks[view] = Mark(topic.received - topic.changed, topic.superseded)
        view.followers[self] = None
        if topic.value is not None and not topic.changed:
            if view.payload is None:
                view.encode()
            self.held[view] = None
            self._published += 1

    def unfollow(self, view: View) -> None:
        mark = self.marks.pop(view)
        del view.followers[self]
        topic = view.topic
        self._published += topic.received - mark.received
        self._superseded += topic.superseded - mark.superseded
        self.dropped += topic.changed
        if self.held.pop(view, self) is None:
            self.dropped += 1
        if view in self.fresh:
            self.fresh.remove(view)
            self.dropped += 1
        if not view.followers:
            topic.drop(view)

    def push(self, payload: bytes) -> None:
        self._published += 1
        if self.closed:
            self.dropped += 1
            return
        self.stream.append(payload)
        self._keep(len(payload))

    def send(self, frame: bytes) -> None:
        """A whole frame, after the stream entries before it: what it says of a position is then true."""
        if self.closed:
            return
        self._seal()
        self.urgent.append(frame)
        self._keep(len(frame))
        if not (self.closed or self.line.congested):
            self.line.write(self._take_urgent())

    def send_problem(self, problem: Problem) -> None:
        self.send(self.conversation.problem(problem))

    def replay(self, payloads: list[bytes]) -> None:
        """Entries of streams that the client missed, as one frame; they may be more than what is kept for slow ones.

        So a client that has not read what it was sent before gets none: it could ask again and again.
        """
        if self.line.congested:
            self.close(Close.SLOW_CLIENT, "too slow: read what you asked for before you resume again")
        if payloads and not self.closed:
            self._published += len(payloads)
            self._seal()
            self.stream = payloads
            self._seal()
            self.line.write(self._take_urgent())

    def flush(self, now_ms: int) -> None:
        """Writes all that waits, as one write; or holds it while the client does not read."""
        if self.held or self.stream or self.urgent:
            self._flush_all(now_ms)
        elif self.fresh:
            self._flush_fresh(now_ms)

    def close(self, code: int, reason: str) -> None:
        """Ends the client's connection; what waits is dropped and counted."""
        if not self.closed:
            self.closed = True
            self._drop_all()
            self.line.close(code, reason)

    def statistics(self) -> OutboxStatistics:
        marks = self.marks.items()
        return OutboxStatistics(
            published=self._published + sum(view.topic.received - mark.received for view, mark in marks),
            delivered=self.delivered,
            conflated=self.skipped
            + self._superseded
            + sum(view.topic.superseded - mark.superseded for view, mark in marks),
            dropped=self.dropped,
            waiting=len(self.fresh)
            + len(self.held)
            + len(self.stream)
            + self._urgent_pushes
            + sum(view.topic.changed for view in self.marks),
        )

    def _write(self, parts: list[bytes]) -> None:
        if parts:
            conversation = self.conversation
            self.line.write(conversation.dialect.join(conversation.encoding, parts))
            self.delivered += len(parts)

    def _flush_fresh(self, now_ms: int) -> None:
        """The common case, kept short: a client that reads, and nothing but newest values."""
        fresh = self.fresh
        values = [view.payload for view in fresh if view.payload is not None]
        conversation = self.conversation
        if self.closed or not self.line.offer(conversation.dialect.join(conversation.encoding, values)):
            self._hold(now_ms)
            return
        self.fresh = []
        self.delivered += len(values)
        self.skipped += len(fresh) - len(values)

    def _flush_all(self, now_ms: int) -> None:
        if self.closed or self.line.congested:
            self._hold(now_ms)
            return
        if self._skipped_now:
            told = self.conversation.dialect.conflated(self._skipped_now, now_ms - self._held_since_ms)
            self.urgent.append(self.conversation.frame(told))
        self._skipped_now = self._held_since_ms = 0
        if self.urgent:
            self.line.write(self._take_urgent())
        values = self._newest()
        self._write([*self.stream, *values])
        self.stream = []
        self._stream_bytes = 0

    def _newest(self) -> list[bytes]:
        """What is held and what is fresh, each view once; a value that is gone counts as conflated."""
        views = dict.fromkeys(self.fresh) | self.held
        values = payloads(list(views))
        self.skipped += len(self.fresh) + len(self.held) - len(values)
        self.fresh = []
        self.held = {}
        return values

    def _hold(self, now_ms: int) -> None:
        if self.closed:
            self._drop_all()
        if not self.fresh:
            return
        self._held_since_ms = self._held_since_ms or now_ms
        before = len(self.held)
        self.held.update(dict.fromkeys(self.fresh))
        skipped = before + len(self.fresh) - len(self.held)
        self.skipped += skipped
        self._skipped_now += skipped
        self.fresh = []

    def _keep(self, size: int) -> None:
        self._stream_bytes += size
        if self._stream_bytes > STREAM_BUDGET:
            self.close(Close.SLOW_CLIENT, "too slow: the entries of a stream may not be skipped")

    def _seal(self) -> None:
        """Turns the stream so far into frames, so that what follows stays behind it."""
        if self.stream:
            conversation = self.conversation
            self.urgent.append(conversation.dialect.join(conversation.encoding, self.stream))
            self._urgent_pushes += len(self.stream)
            self.stream = []

    def _take_urgent(self) -> bytes:
        frames = b"".join(self.urgent)
        self.urgent = []
        self.delivered += self._urgent_pushes
        self._urgent_pushes = 0
        self._stream_bytes = sum(map(len, self.stream))
        return frames

    def _drop_all(self) -> None:
        self.dropped += len(self.fresh) + len(self.held) + len(self.stream) + self._urgent_pushes
        self.fresh, self.stream, self.urgent = [], [], []
        self.held = {}
        self._stream_bytes = self._urgent_pushes = 0

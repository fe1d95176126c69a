"""The reader of one connection: turns its frames into ticks, and says when something may be missing."""

from collections.abc import Sequence
from typing import Any, NoReturn

import anyio

from actors.line import Line
from actors.line_hours import LineHours
from actors.line_voice import LineVoice
from actors.soundness import Soundness
from engine.market import Tick
from engine.market.diagnosis import STATUSES, Cause
from engine.market.handover import Handover
from engine.providers.base import Connection, Decoder, Route
from engine.recording import Frame
from engine.runtime import ActorRef, ActorSystem

BACKLOG_LIMIT = 1_000
"""Messages the dispatcher may be behind before a feed lets its socket wait."""
TOLD_UNCHECKED = 200
"""Ticks after which a feed looks whether the dispatcher keeps up."""
SEEN_INTERVAL_NS = 1_000_000_000
HEARD_INTERVAL_NS = 20_000_000
"""Frames closer together are no pause that anybody would notice."""


class LineReader:
    """Reads from the connection's beginning to its end. While another one takes its place, both read the same line."""

    def __init__(
        self,
        line: Line,
        connection: Connection,
        decoder: Decoder,
        routes: Sequence[Route],
        *,
        voice: LineVoice,
        hours: LineHours,
        system: ActorSystem,
        recorder: ActorRef | None,
    ) -> None:
        """``routes`` are subscribed on the connection, and known to the decoder."""
        self.connection = connection
        self.handover: Handover | None = None
        """While two connections bring the same."""
        self.succeeds = False
        """Whether it is the new one of the two, or was: what came before it, others have brought."""
        self.is_relieved = False
        """Another one answers for the line now."""
        self._line = line
        self._carried = frozenset(routes)
        self._decoder = decoder
        self._soundness = Soundness(decoder)
        self._voice = voice
        self._hours = hours
        self._system = system
        self._recorder = recorder
        self._following = anyio.Lock()
        self._seen_ns = 0

    async def read(self) -> NoReturn:
        """Raises ``ProviderError`` when the connection ends."""
        clock, caught_up, recorder = self._system.clock, self._system.caught_up, self._recorder
        connection, decoder, line = self.connection, self._decoder, self._line
        heard_ns, told, resumes, misses = 0, 0, not self.succeeds, self.succeeds or self._hours.is_open(line)
        self._voice.opened()
        if not misses:  # from here on it misses nothing: what was lost before is looked up now, and not in the morning
            self._voice.doubt(line, clock.now_ns(), 0)
        try:
            while True:
                frame = await connection.receive()
                now_ns = clock.now_ns()
                if recorder is not None:
                    recorder.tell(Frame(self._voice.provider, line.number, now_ns, frame))
                ticks = decoder.decode(frame, now_ns)
                if self.handover is not None:
                    ticks = self._sift(self.handover, ticks)
                if ticks and not 0 <= now_ns - heard_ns < HEARD_INTERVAL_NS:
                    resumes = line.listening.heard(anyio.current_time()) or resumes
                    heard_ns = now_ns
                if ticks and (resumes or now_ns - self._seen_ns > SEEN_INTERVAL_NS):
                    self._tell_seen(now_ns, resumes=resumes, misses=misses)
                    resumes, misses = False, True
                self.deliver(ticks)
                told += len(ticks)
                if told >= TOLD_UNCHECKED:
                    told = 0
                    await caught_up(BACKLOG_LIMIT)
        finally:
            if not self.is_relieved:
                self._part(clock.now_ns())

    def deliver(self, ticks: Sequence[tuple[Any, Tick]]) -> None:
        """Hands ticks to their instruments."""
        heard = self._line.heard
        for target, tick in ticks:
            target.tell(tick)
            heard[tick.instrument] = tick

    async def follow(self) -> None:
        """Subscribes what joined the line, and takes back what left it; raises ``ProviderError`` when the connection ended."""
        async with self._following:
            wanted, carried = frozenset(self._line.routes), self._carried
            left = [route for route in carried if route not in wanted]
            joined = [route for route in self._line.routes if route not in carried]
            self._carried = wanted
            if left:
                self._decoder.remove(left)
                await self.connection.unsubscribe(left)
            if joined:
                self._decoder.add(joined)
                await self.connection.subscribe(joined)
        if joined and not self._hours.is_open(self._line):  # no tick will come that tells it
            self._voice.joined(self._line, self._system.clock.now_ns())

    def _sift(self, handover: Handover, ticks: list[tuple[Any, Tick]]) -> list[tuple[Any, Tick]]:
        return handover.new(ticks, anyio.current_time()) if self.succeeds else handover.old(ticks)

    def _tell_seen(self, now_ns: int, *, resumes: bool, misses: bool) -> None:
        line, voice = self._line, self._voice
        doubtful_ns = self._soundness.look(now_ns)
        voice.joined(line, now_ns)
        if resumes:
            voice.doubt(line, now_ns, 0 if misses else None)
            cause = Cause.LIVE if self._hours.is_open(line) else Cause.CLOSED
            if cause is not line.told[1]:
                voice.status(line, cause, STATUSES[cause])
        voice.doubt(line, now_ns, doubtful_ns)
        voice.counts(line, self._soundness.statistics)
        voice.seen(line, now_ns)
        self._seen_ns = line.seen_ns = now_ns

    def _part(self, now_ns: int) -> None:
        """Tells what is in doubt at the end; not what a successor goes on with."""
        line, voice = self._line, self._voice
        since_ns = self._soundness.part(now_ns)
        if self._seen_ns and self._hours.is_open(line):
            since_ns = since_ns or 0  # nobody may take this minute for whole, however long nobody is back
        voice.joined(line, now_ns)
        voice.doubt(line, now_ns, since_ns, None if self.handover is None else self.handover.unheard)

"""What all lines of a feed share, and what the keeper of one is put together from."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from actors.line import Line
from actors.line_hours import LineHours
from actors.line_pause import LinePause
from actors.line_reader import LineReader
from actors.line_record import LineRecord
from actors.line_voice import LineVoice
from actors.line_watch import LineWatch
from actors.token_alarm import TokenAlarm
from engine.providers.base import Connection, History, LiveFeed, Notify, Route
from engine.runtime import ActorRef, ActorSystem


@dataclass(frozen=True, slots=True)
class LineParts:
    """Of one feed, for all its lines."""

    feed: LiveFeed
    history: History
    voice: LineVoice
    hours: LineHours
    alarm: TokenAlarm
    system: ActorSystem
    spawn: Callable[..., None]
    """Runs a task of the actor's."""
    jitter: Callable[[], float]
    notify: Notify
    recorder: ActorRef | None
    look_interval_s: float

    def now_ns(self) -> int:
        """The system's time."""
        return self.system.clock.now_ns()

    def connect(self, line: Line, routes: Sequence[Route]) -> AbstractAsyncContextManager[Connection]:
        """A connection for the line; from where it was heard last, if the provider tells what is past."""
        since_ns = line.seen_ns if self.feed.capabilities.replays else 0
        return self.feed.connect(routes, since_ns=since_ns, notify=self.notify)

    def reader(self, line: Line, connection: Connection, routes: Sequence[Route]) -> LineReader:
        """Reads what a connection brings of these routes, which are subscribed on it."""
        return LineReader(
            line,
            connection,
            self.feed.decoder(routes),
            routes,
            voice=self.voice,
            hours=self.hours,
            system=self.system,
            recorder=self.recorder,
        )

    def watch(self, line: Line) -> LineWatch:
        """Looks after the line while it is read."""
        return LineWatch(
            line, self.voice, self.hours, self.history, now_ns=self.now_ns, look_interval_s=self.look_interval_s
        )

    def pause(self, line: Line) -> LinePause:
        """How long to wait between two connections."""
        return LinePause(line, self.voice, self.alarm, self.jitter)

    def record(self, line: Line) -> LineRecord:
        """Notes when the line's connections began and ended."""
        return LineRecord(self.feed.name, line.number, self.recorder, self.now_ns)

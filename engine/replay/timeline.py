"""The timeline: one run's records, given to each of those who wait for them in its own order."""

from collections import defaultdict, deque
from collections.abc import Iterator

import msgspec

from engine.recording import Answer, Ended, Frame, Hole, Lost, Opened, Quoted, Record, Session, time_of
from engine.replay.clock import NS_PER_S, RecordedClock

AHEAD_NS = 2 * NS_PER_S
"""How far one connection's reader reads past the present: what belongs to others is kept in memory meanwhile."""

Place = tuple[str, int]
"""A provider and the number of its connection."""
Event = Frame | Opened | Lost


class Counts(msgspec.Struct):
    """What has been read."""

    frames: int = 0
    holes: int = 0
    lost: int = 0
    """Records that the holes tell of."""


class Timeline:
    """Reads on only as far as somebody needs; ends where another run begins."""

    def __init__(self, session: Session, records: Iterator[Record], clock: RecordedClock) -> None:
        """``records`` go on after the session."""
        self.session = session
        self.counts = Counts()
        self.answers: dict[str, list[Answer]] = defaultdict(list)
        """What histories said so far, by instrument."""
        self.quoted: dict[str, list[Quoted]] = defaultdict(list)
        """What was said of last trades so far, by provider."""
        self.following: Session | None = None
        """What the next run began with; known at the end."""
        self.has_ended = False
        self.was_stopped = False
        """Whether the recorded engine ended in good order."""
        self.end_ns = session.at_ns
        """When the newest record that was read was made."""
        self._records = records
        self._clock = clock
        self._events: dict[Place, deque[Event]] = defaultdict(deque)

    async def next(self, place: Place) -> Event | None:
        """What comes next for a connection, without taking it; ``None`` when the recording has no more."""
        events = self._events[place]
        while not events:
            if self.has_ended:
                return None
            if self.end_ns > self._clock.now_ns() + AHEAD_NS:
                await self._clock.reach(self.end_ns - AHEAD_NS)
            else:
                self.read()
        return events[0]

    def take(self, place: Place) -> None:
        """The connection has had its next one."""
        self._events[place].popleft()

    @property
    def is_empty(self) -> bool:
        """Whether everything was taken."""
        return self.has_ended and not any(self._events.values())

    def read(self) -> None:
        """Reads one record."""
        record = next(self._records, None)
        match record:
            case Frame():
                self.counts.frames += 1
                self._events[record.provider, record.connection].append(record)
            case Opened() | Lost():
                self._events[record.provider, record.connection].append(record)
            case Answer():
                self.answers[record.instrument].append(record)
            case Quoted():
                self.quoted[record.provider].append(record)
            case Hole():
                self.counts.holes += 1
                self.counts.lost += record.lost
            case Session() if record.started_ns != self.session.started_ns:
                self.following, self.has_ended = record, True
                return
            case Session():
                pass  # the next file of the same run
            case Ended():
                self.was_stopped = True  # another run, or nothing, follows
            case None:
                self.has_ended = True
                return
        self.end_ns = max(self.end_ns, time_of(record))

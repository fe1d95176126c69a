"""The running market: steps through the tapes of the instruments somebody follows, in order of time."""

from bisect import bisect_right
from collections import deque
from heapq import heappop, heappush, heapreplace
from itertools import count
from typing import Final

from engine.providers.simulator.hours import MINUTE_NS, SECOND_NS
from engine.providers.simulator.tape import Event, Market, Tape

_PREPARE_WITHIN_NS: Final = 30 * SECOND_NS


class _Cursor:
    """Where one instrument stands: its tape, the next event on it, and the tape after, once made."""

    __slots__ = ("followed", "index", "position", "tape", "upcoming")

    def __init__(self, index: int, tape: Tape, position: int) -> None:
        self.index = index
        self.tape = tape
        self.position = position
        self.upcoming: Tape | None = None
        self.followed = True


class Stream:
    """Hands out what has been traded since the step before, of followed instruments only; the others cost nothing.

    Tapes are made up to half a minute before they are needed, a few in each step, so that thousands of instruments do
    not all hold up the turn of a minute.
    """

    def __init__(self, market: Market, *, now_ns: int) -> None:
        self._market = market
        self._now_ns = now_ns
        self._cursors: dict[int, _Cursor] = {}
        self._due: list[tuple[int, int, _Cursor]] = []
        self._serial = count()
        self._preparing: deque[_Cursor] = deque()

    @property
    def now_ns(self) -> int:
        """The moment of the last step; everything up to it has been handed out."""
        return self._now_ns

    @property
    def due_ns(self) -> int | None:
        """The moment of the next event; None when nothing is followed. What was left may still be in front of it."""
        return self._due[0][0] if self._due else None

    def follow(self, index: int) -> None:
        """Hand out what the instrument trades from now on; one already followed goes on as it was."""
        if index in self._cursors:
            return
        tape = self._market.tape(index, self._now_ns)
        position = 0 if tape is None else bisect_right(tape.times, self._now_ns)
        if tape is None or position == len(tape.times):
            tape, position = self._market.tape_from(index, _next_minute(self._now_ns)), 0
        if tape is None:
            return
        cursor = self._cursors[index] = _Cursor(index, tape, position)
        self._preparing.append(cursor)
        heappush(self._due, (tape.times[position], next(self._serial), cursor))

    def leave(self, index: int) -> None:
        """Follow the instrument no longer."""
        if cursor := self._cursors.pop(index, None):
            cursor.followed = False

    def step(self, now_ns: int) -> list[tuple[int, Event]]:
        """Every event up to a moment that has not been handed out yet, with the instrument's place in the listings."""
        due = self._due
        events: list[tuple[int, Event]] = []
        while due and due[0][0] <= now_ns:
            cursor = due[0][2]
            if not cursor.followed:
                heappop(due)
                continue
            events.append((cursor.index, cursor.tape.event(cursor.position)))
            self._advance(cursor)
        self._prepare(now_ns - self._now_ns)
        self._now_ns = max(self._now_ns, now_ns)
        return events

    def _advance(self, cursor: _Cursor) -> None:
        """Put the cursor, which is the first one due, at its next event."""
        cursor.position += 1
        if cursor.position == len(cursor.tape.times):
            tape = cursor.upcoming or self._after(cursor)
            if tape is None:
                heappop(self._due)
                self.leave(cursor.index)
                return
            cursor.tape, cursor.position, cursor.upcoming = tape, 0, None
        heapreplace(self._due, (cursor.tape.times[cursor.position], next(self._serial), cursor))

    def _prepare(self, passed_ns: int) -> None:
        turns = -(-len(self._preparing) * passed_ns // _PREPARE_WITHIN_NS)
        for _ in range(min(turns, len(self._preparing))):
            cursor = self._preparing.popleft()
            if cursor.followed:
                cursor.upcoming = cursor.upcoming or self._after(cursor)
                self._preparing.append(cursor)

    def _after(self, cursor: _Cursor) -> Tape | None:
        return self._market.tape_from(cursor.index, cursor.tape.opens_ns + MINUTE_NS)


def _next_minute(time_ns: int) -> int:
    return (time_ns // MINUTE_NS + 1) * MINUTE_NS

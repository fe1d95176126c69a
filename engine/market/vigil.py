"""The vigil: watches over thousands of instruments, of which only those that may have a new cause are looked at."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from heapq import heappop, heappush
from itertools import count

import msgspec

from engine.market.calendar import Calendar
from engine.market.diagnosis import (
    INSTRUMENT_FLOOR_S,
    INSTRUMENT_RULES,
    QUIET_AFTER,
    RESUBSCRIBING_CURES,
    Cause,
    InstrumentEvidence,
    diagnose,
    explain,
)
from engine.market.quote import Quote, Witness, bear_witness
from engine.market.silence import OVER_AFTER, SUSPECT_AFTER, PaceMeter
from engine.market.tick import Tick

_SECOND_NS = 1_000_000_000
FIRST_GUESS = 0.5
"""The mean pause of an instrument nobody has heard yet, in floors."""
ASK_AT_LATEST = 45.0
"""Even a silence that is nothing unusual is looked into after so many floors."""
ASK_NEVER_HEARD = 1.5
"""Providers greet a subscription with the last trade: one that never spoke at all is asked about after so many floors."""
SETTLE_S = 2.0
"""A trade the provider tells of may still be under way to us."""


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """What an instrument is found to be, since when, and why."""

    instrument: str
    cause: Cause
    since_ns: int
    why: str


class Lost(msgspec.Struct, frozen=True, gc=False):
    """What an instrument traded in between did not come."""

    instrument: str
    start_ns: int
    end_ns: int


class _Watched:
    """One instrument: its pace, its last tick, and what was found."""

    __slots__ = (
        "answer", "answered_ns", "ask_ns", "calendar", "cause", "due_ns", "expected_s", "last_ns", "line", "meter",
        "name", "resubscribed", "since_ns", "tick",
    )  # fmt: skip

    def __init__(self, name: str, line: str, calendar: Calendar, meter: PaceMeter) -> None:
        self.name = name
        self.line = line
        self.calendar = calendar
        self.meter = meter
        self.expected_s = meter.expected_s
        self.tick: Tick | None = None
        self.last_ns = 0
        self.cause: Cause | None = None
        self.since_ns = 0
        self.due_ns = 0
        self.ask_ns = 0
        """When the provider is to be asked; 0 while nobody has thought of it."""
        self.answer: Witness | None = None
        self.answered_ns = 0
        self.resubscribed = False

    def hear(self, tick: Tick, now_s: float, since_ns: int) -> None:
        """A tick; ``since_ns`` is when a pause can have begun at the earliest."""
        if self.last_ns < since_ns:
            self.meter.rest()
        self.meter.heard(now_s)
        self.tick = tick
        self.last_ns = tick.ts_recv
        self.resubscribed = False
        self.answer = None
        self.ask_ns = 0

    def calm_down(self) -> None:
        """Nothing is expected of it for now, and what was asked is of another time."""
        self.answer = None
        self.ask_ns = 0
        self.due_ns = 0

    def patience_s(self, floor_s: float) -> float:
        """How long its silence may last before the provider is asked about it."""
        if self.tick is None:
            return ASK_NEVER_HEARD * floor_s
        return min(ASK_AT_LATEST * floor_s, SUSPECT_AFTER * max(self.expected_s, floor_s))


class _Line:
    """One connection: how it is, since when it carries its instruments, and which they are."""

    __slots__ = ("carries", "cause", "since_ns")

    def __init__(self) -> None:
        self.cause = Cause.DISCONNECTED
        self.since_ns = 0
        self.carries: tuple[str, ...] = ()


class Vigil:
    """Keeps paces and verdicts. Times are ns of the engine's clock; nothing is decided but by the tables of ``diagnosis``.

    Hearing costs a few sums for each instrument that spoke since the last time. Looking costs what is due: an
    instrument that lives comes up once in a minute or so, one whose exchange is closed never.
    """

    def __init__(
        self,
        calendar_of: Callable[[str], Calendar],
        paces: Mapping[str, tuple[float, float]] | None = None,
        *,
        haste: float = 1.0,
        floor_s: float = INSTRUMENT_FLOOR_S,
    ) -> None:
        """``floor_s``: an instrument's expected interval is never taken for shorter.

        ``haste``: how many seconds of the engine's clock go by in one of ours, where a recording is replayed fast.
        """
        self._floor_s = floor_s
        self._second_ns = round(_SECOND_NS * haste)
        self._calendar_of = calendar_of
        self._paces = dict(paces or {})
        self._watched: dict[str, _Watched] = {}
        self._lines: dict[str, _Line] = {}
        self._due: list[tuple[int, int, _Watched]] = []
        self._serial = count()
        self._open: dict[Calendar, bool] = {}
        self._changes: dict[str, Verdict] = {}
        self._doubtful: dict[str, None] = {}
        self._helpless: dict[str, None] = {}
        self._lost: list[Lost] = []
        self._gone: dict[str, None] = {}
        self._polled: frozenset[str] = frozenset()

    # What is told

    def carry(self, line: str, instruments: Sequence[str], now_ns: int) -> None:
        """A line carries these instruments from now on, and none of those it carried before."""
        known = self._lines.setdefault(line, _Line())
        for name in set(known.carries).difference(instruments):
            watched = self._watched.get(name)
            if watched is not None and watched.line == line:
                self._forget(watched)
        known.carries = tuple(instruments)
        for name in instruments:
            self._gone.pop(name, None)
            watched = self._watched.get(name)
            if watched is None:
                watched = self._watched[name] = self._new(name, line)
            watched.line = line
            self._judge(watched, now_ns)

    def line_is(self, line: str, cause: Cause, now_ns: int) -> None:
        """How a line is. One that begins anew owes each of its instruments nothing yet."""
        known = self._lines.setdefault(line, _Line())
        before, known.cause = known.cause, cause
        if before == cause:
            return
        if before in (Cause.DISCONNECTED, Cause.TOKEN_DEAD, Cause.STALLED):
            known.since_ns = now_ns
        self._judge_all(known.carries, now_ns)

    def polled(self, instruments: Iterable[str], now_ns: int) -> None:
        """The prices of these, and of no others, are asked for at present, because no feed brings them."""
        before, self._polled = self._polled, frozenset(instruments)
        self._judge_all(before ^ self._polled, now_ns)

    def heard(self, ticks: Mapping[str, Tick], now_ns: int) -> None:
        """The newest tick of each instrument that spoke since the last time."""
        for name, tick in ticks.items():
            watched = self._watched.get(name)
            if watched is None:
                continue
            session = watched.calendar.session_at(tick.ts_recv)
            if session is None:
                watched.tick = tick
                continue
            before_ns, cause = watched.last_ns, watched.cause
            watched.hear(
                tick, tick.ts_recv / self._second_ns, max(session.start_ns, self._lines[watched.line].since_ns)
            )
            if cause is not Cause.LIVE:
                if cause in RESUBSCRIBING_CURES:
                    self._lost.append(Lost(name, before_ns or watched.since_ns, tick.ts_recv))
                self._judge(watched, now_ns)

    def answered(self, quotes: Mapping[str, Quote | None], asked_ns: int, now_ns: int) -> None:
        """The provider's answers; ``None`` where it knows no such instrument. A tick since the asking outweighs them."""
        for name, quote in quotes.items():
            watched = self._watched.get(name)
            if watched is None or watched.last_ns > asked_ns:
                continue
            watched.answer = bear_witness(quote, watched.tick, self._base_ns(watched, now_ns))
            watched.answered_ns = now_ns
            self._judge(watched, now_ns)

    # What is asked

    def look(self, now_ns: int) -> None:
        """Finds who has become silent for too long, and whose exchange has opened or closed."""
        changed = {calendar for calendar, was in self._open.items() if calendar.is_open(now_ns) != was}
        if changed:
            self._judge_all([one.name for one in self._watched.values() if one.calendar in changed], now_ns)
            self._open.update((calendar, calendar.is_open(now_ns)) for calendar in changed)
        while self._due and self._due[0][0] <= now_ns:
            due_ns, _, watched = heappop(self._due)
            if due_ns == watched.due_ns:
                watched.due_ns = 0
                self._judge(watched, now_ns)

    def take_changes(self) -> list[Verdict]:
        """The verdicts that are new since the last time."""
        changes, self._changes = self._changes, {}
        return list(changes.values())

    def take_doubtful(self, most: int) -> list[str]:
        """The instruments about which the provider should be asked now, the oldest doubts first."""
        asked = list(self._doubtful)[:most]
        for name in asked:
            del self._doubtful[name]
        return asked

    def take_helpless(self) -> dict[str, list[str]]:
        """The instruments that may be helped by being subscribed once more, by line."""
        helpless, self._helpless = self._helpless, {}
        by_line: dict[str, list[str]] = {}
        for name in helpless:
            if name in self._watched:
                by_line.setdefault(self._watched[name].line, []).append(name)
        return by_line

    def take_lost(self) -> list[Lost]:
        """What was missed by instruments that have been helped."""
        lost, self._lost = self._lost, []
        return lost

    def take_gone(self) -> list[str]:
        """The instruments that no line carries any more; one that only moved to another is none of them."""
        gone, self._gone = self._gone, {}
        return list(gone)

    def verdict(self, name: str) -> Verdict | None:
        """What is found of an instrument now; None for one that no line carries."""
        watched = self._watched.get(name)
        return (
            None
            if watched is None or watched.cause is None
            else self._verdict(watched, watched.cause, watched.since_ns)
        )

    def expected_s(self, name: str) -> float:
        """An instrument's expected interval, never taken for shorter than the floor; the floor where none is carried."""
        watched = self._watched.get(name)
        return self._floor_s if watched is None else max(self._floor_s, watched.meter.expected_s)

    def counts(self) -> dict[str, int]:
        """How many instruments there are of each cause."""
        return dict(Counter(str(one.cause) for one in self._watched.values()))

    def paces(self) -> dict[str, tuple[float, float]]:
        """What was learned, for the next session."""
        return self._paces | {name: one.meter.state() for name, one in self._watched.items() if one.tick is not None}

    # How it is found

    def _new(self, name: str, line: str) -> _Watched:
        calendar = self._calendar_of(name)
        state = self._paces.get(name)
        meter = PaceMeter(first_guess_s=FIRST_GUESS * self._floor_s) if state is None else PaceMeter.restore(state)
        return _Watched(name, line, calendar, meter)

    def _forget(self, watched: _Watched) -> None:
        self._paces[watched.name] = watched.meter.state()
        watched.due_ns = 0
        del self._watched[watched.name]
        self._doubtful.pop(watched.name, None)
        self._changes.pop(watched.name, None)
        self._gone[watched.name] = None

    def _judge_all(self, names: Iterable[str], now_ns: int) -> None:
        for name in names:
            if name in self._watched:
                self._judge(self._watched[name], now_ns)

    def _judge(self, watched: _Watched, now_ns: int) -> None:
        """Finds the cause, tells it when it is new, and says when to look again."""
        watched.expected_s = watched.meter.expected_s
        is_open = watched.calendar.is_open(now_ns)
        self._open.setdefault(watched.calendar, is_open)
        silence_s = (now_ns - self._base_ns(watched, now_ns)) / self._second_ns
        line = self._lines[watched.line].cause
        witness = self._witness(watched, now_ns)
        evidence = InstrumentEvidence(
            silence_s, watched.expected_s, is_open, line, witness, self._floor_s, watched.name in self._polled
        )
        cause = diagnose(INSTRUMENT_RULES, evidence)
        if cause is not watched.cause:
            watched.cause, watched.since_ns = cause, now_ns
            self._changes[watched.name] = self._verdict(watched, cause, now_ns)
        if cause in RESUBSCRIBING_CURES and not watched.resubscribed:
            watched.resubscribed = True
            self._helpless[watched.name] = None
        if is_open and line in (Cause.LIVE, Cause.QUIET):
            self._doubt(watched, silence_s, now_ns)
            self._remind(watched, silence_s, now_ns)
        else:
            watched.calm_down()

    def _base_ns(self, watched: _Watched, now_ns: int) -> int:
        """When the present silence began: with the last tick, the open, or the line, whichever was last."""
        session = watched.calendar.session_at(now_ns)
        return max(watched.last_ns, self._lines[watched.line].since_ns, 0 if session is None else session.start_ns)

    def _witness(self, watched: _Watched, now_ns: int) -> Witness | None:
        if watched.answer is Witness.TRADED and now_ns - watched.answered_ns < SETTLE_S * self._second_ns:
            return None
        return watched.answer

    def _doubt(self, watched: _Watched, silence_s: float, now_ns: int) -> None:
        """Asks when the patience is over, then again and again, each time after a longer while."""
        if not watched.ask_ns:
            watched.ask_ns = now_ns + round((watched.patience_s(self._floor_s) - silence_s) * self._second_ns)
        if now_ns >= watched.ask_ns:
            self._doubtful[watched.name] = None
            later_s = min(ASK_AT_LATEST * self._floor_s, max(silence_s, self._floor_s))
            watched.ask_ns = now_ns + round(later_s * self._second_ns)

    def _remind(self, watched: _Watched, silence_s: float, now_ns: int) -> None:
        """The next moment at which time alone may change what is found."""
        expected_s = max(watched.expected_s, self._floor_s)
        steps_s = (QUIET_AFTER * self._floor_s, SUSPECT_AFTER * expected_s, OVER_AFTER * expected_s)
        begun_ns = now_ns - silence_s * self._second_ns
        moments = [round(begun_ns + step_s * self._second_ns) + 1 for step_s in steps_s if step_s > silence_s]
        moments.append(watched.ask_ns)
        if watched.answer is Witness.TRADED:
            moments.append(watched.answered_ns + round(SETTLE_S * self._second_ns))
        due_ns = min(moment for moment in moments if moment > now_ns)
        if due_ns != watched.due_ns:
            watched.due_ns = due_ns
            heappush(self._due, (due_ns, next(self._serial), watched))

    def _verdict(self, watched: _Watched, cause: Cause, now_ns: int) -> Verdict:
        silence_s = (now_ns - self._base_ns(watched, now_ns)) / self._second_ns
        return Verdict(watched.name, cause, now_ns, explain(cause, silence_s, watched.expected_s))

"""The handover: for a while one feed's ticks come over two connections; each is passed on once, and in order.

Both connections carry the same stream, each with a lag of its own, and the second begins somewhere in its middle. An
instrument is cut over where the two meet: where one brings what the other has brought. Until then the first one's ticks
are passed on, and fresh ones of the second are held, not long, for those that the first may still have on its way.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from engine.market.tick import Tick

LEAST_S = 1.0
"""Both connections are read at least so long: a greeting may be a moment older than the subscription."""
MOST_S = 20.0
"""Instruments that the second connection has not told of by then do not trade: it will tell when they do."""
HELD_S = 0.5
"""The first connection may be so far behind; what it has not brought by then does not come."""

Addressed = tuple[Any, Tick]
"""A tick beside the target of its route."""
_Identity = tuple[int, int | None, float, int]


class _Instrument:
    """What was passed on of one instrument, and what is held back."""

    __slots__ = ("held", "held_s", "is_cut", "newest", "passed")

    def __init__(self, newest: Tick | None) -> None:
        self.newest = newest
        """As of the beginning: a greeting of the second connection tells nothing newer."""
        self.passed: Counter[_Identity] = Counter()
        self.held: list[Addressed] = []
        self.held_s = 0.0
        self.is_cut = False

    def cut(self) -> list[Addressed]:
        self.is_cut = True
        held, self.held = self.held, []
        return held


class Handover:
    """From an old connection to a new one of the same instruments. Times are seconds of any steady clock."""

    def __init__(self, instruments: Iterable[str], newest: Mapping[str, Tick], now_s: float) -> None:
        """``newest`` is the last tick of each instrument that was passed on before."""
        self._instruments = {name: _Instrument(newest.get(name)) for name in instruments}
        self._unheard = set(self._instruments)
        self._holding: dict[str, _Instrument] = {}
        self._began_s = now_s

    @property
    def unheard(self) -> frozenset[str]:
        """Those of which the new connection has not told anything."""
        return frozenset(self._unheard)

    def is_over(self, now_s: float) -> bool:
        """Whether the old connection is needed no more."""
        if now_s - self._began_s < LEAST_S:
            return False
        return now_s - self._began_s >= MOST_S or not (self._unheard or self._holding)

    def old(self, ticks: Iterable[Addressed]) -> list[Addressed]:
        """What is passed on of what the old connection brings."""
        passed: list[Addressed] = []
        for target, tick in ticks:
            known = self._of(tick.instrument)
            if known.is_cut:
                continue
            if known.held:
                passed += self._meet(known, target, tick)
            else:
                known.passed[_identity(tick)] += 1
                passed.append((target, tick))
        return passed

    def new(self, ticks: Iterable[Addressed], now_s: float) -> list[Addressed]:
        """What is passed on of what the new connection brings."""
        passed: list[Addressed] = []
        for target, tick in ticks:
            known, identity = self._of(tick.instrument), _identity(tick)
            is_first = tick.instrument in self._unheard
            self._unheard.discard(tick.instrument)
            if known.passed[identity] > 0:
                known.passed[identity] -= 1
                if not is_first:  # the old one is quicker, and from here on the new one brings all that it brings
                    passed += self._cut(tick.instrument, known)
            elif known.is_cut:
                passed.append((target, tick))
            elif not _is_greeting(tick, known.newest):
                self._hold(known, target, tick, now_s)
        return passed

    def overdue(self, now_s: float) -> list[Addressed]:
        """What was held in vain."""
        names = [name for name, known in self._holding.items() if now_s - known.held_s >= HELD_S]
        return [held for name in names for held in self._cut(name, self._holding[name])]

    def finish(self) -> list[Addressed]:
        """The old connection is gone: what is held, and from now on all that the new one brings for the first time."""
        return [held for name, known in self._instruments.items() for held in self._cut(name, known)]

    def _of(self, name: str) -> _Instrument:
        if name not in self._instruments:
            self._instruments[name] = _Instrument(None)
        return self._instruments[name]

    def _hold(self, known: _Instrument, target: Any, tick: Tick, now_s: float) -> None:
        if not known.held:
            known.held_s = now_s
            self._holding[tick.instrument] = known
        known.held.append((target, tick))

    def _meet(self, known: _Instrument, target: Any, tick: Tick) -> list[Addressed]:
        """A tick of the old connection where the new one is ahead: it catches up, or has what the new one lacks."""
        identity = _identity(tick)
        if any(_identity(held) == identity for _, held in known.held):
            return self._cut(tick.instrument, known)
        if not _is_older(known.held[0][1], tick):
            return [(target, tick)]
        earlier = [pair for pair in known.held if not _is_older(tick, pair[1])]
        later = self._cut(tick.instrument, known)[len(earlier) :]
        known.passed[identity] += 1
        return [*earlier, (target, tick), *later]

    def _cut(self, name: str, known: _Instrument) -> list[Addressed]:
        self._holding.pop(name, None)
        return known.cut()


def _identity(tick: Tick) -> _Identity:
    return tick.ts_event, tick.volume, tick.price, tick.size


def _is_older(one: Tick, other: Tick) -> bool:
    return (one.ts_event, one.volume or 0) < (other.ts_event, other.volume or 0)


def _is_greeting(tick: Tick, newest: Tick | None) -> bool:
    """The state of things that a subscription is answered with; nothing that has happened since."""
    return newest is not None and (_identity(tick) == _identity(newest) or _is_older(tick, newest))

"""Feed health: how well each provider serves each exchange, by its lines: whether they are up, and whether their bytes hold."""

from collections import deque
from collections.abc import Collection

import msgspec

from engine.market.diagnosis import Cause

WELL = frozenset({Cause.LIVE, Cause.QUIET, Cause.CLOSED, Cause.HALTED})
DAMAGE_WINDOW_S = 60.0
"""Damage of so long ago does not count any more; a line is as unsound as it was in this window."""
UNSOUND_SHARE = 0.002
"""So many of a line's packets may contradict themselves: of flipped bytes only a few hit a place where that shows."""
UNSOUND_LEAST = 3
"""Fewer are an accident."""
_DAMAGE_WINDOW_NS = round(DAMAGE_WINDOW_S * 1e9)


class Health(msgspec.Struct, frozen=True):
    """How a provider serves an exchange."""

    well: bool
    since_ns: int = 0
    """What came after this may be missing or wrong, where it is not well."""
    why: str = ""


class _Line:
    __slots__ = ("cause", "damaged", "exchanges", "heard_ns", "packets", "since_ns", "why")

    def __init__(self) -> None:
        self.exchanges: frozenset[str] = frozenset()
        self.cause = Cause.DISCONNECTED
        self.since_ns = 0
        self.why = ""
        self.heard_ns = 0
        self.damaged: deque[tuple[float, int, int]] = deque()
        """When, and how many packets and damaged ones the line had counted by then."""
        self.packets: tuple[int, int] = (0, 0)

    def share(self, now_s: float) -> tuple[float, int]:
        """The share of damaged packets in the window, and how many there were."""
        while self.damaged and self.damaged[0][0] < now_s - DAMAGE_WINDOW_S:
            self.damaged.popleft()
        packets = sum(packets for _, packets, _ in self.damaged)
        damaged = sum(damaged for _, _, damaged in self.damaged)
        return damaged / max(packets, 1), damaged

    def health(self, now_s: float, now_ns: int) -> Health:
        if self.cause not in WELL:
            return Health(well=False, since_ns=self.heard_ns or self.since_ns, why=self.why or str(self.cause))
        share, damaged = self.share(now_s)
        if damaged < UNSOUND_LEAST or share < UNSOUND_SHARE:
            return Health(well=True)
        return Health(well=False, since_ns=now_ns - _DAMAGE_WINDOW_NS, why=f"{share:.1%} of its packets are damaged")


class FeedHealth:
    """Hears of every line; tells of every provider and exchange. Seconds of a steady clock, ns of the engine's."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, int], _Line] = {}

    def carries(self, provider: str, connection: int, exchanges: Collection[str]) -> None:
        """Which exchanges' instruments a line carries from now on; one that carries none is gone."""
        if exchanges:
            self._lines.setdefault((provider, connection), _Line()).exchanges = frozenset(exchanges)
        else:
            self._lines.pop((provider, connection), None)

    def is_told(self, provider: str, connection: int, cause: Cause, why: str, since_ns: int) -> None:
        """How a line is."""
        line = self._lines.get((provider, connection))
        if line is not None:
            line.cause, line.why, line.since_ns = cause, why, since_ns

    def heard(self, provider: str, connection: int, at_ns: int) -> None:
        """A line has brought ticks until then."""
        line = self._lines.get((provider, connection))
        if line is not None:
            line.heard_ns = max(line.heard_ns, at_ns)

    def counted(self, provider: str, connection: int, packets: int, damaged: int, now_s: float) -> None:
        """What a connection of the line has counted so far; fewer than before means that it is another one."""
        line = self._lines.get((provider, connection))
        if line is None:
            return
        before, line.packets = line.packets, (packets, damaged)
        if packets < before[0]:
            before = 0, 0
        line.damaged.append((now_s, packets - before[0], damaged - before[1]))

    def look(self, now_s: float, now_ns: int) -> dict[tuple[str, str], Health]:
        """How each provider serves each exchange that its lines carry: as its worst line does."""
        found: dict[tuple[str, str], Health] = {}
        for (provider, _), line in self._lines.items():
            health = line.health(now_s, now_ns)
            for exchange in line.exchanges:
                known = found.get((provider, exchange))
                found[provider, exchange] = health if known is None else _worse(known, health)
        return found


def _worse(one: Health, other: Health) -> Health:
    if one.well or other.well:
        return other if one.well else one
    return one if one.since_ns <= other.since_ns else other

"""What entered no candle: the volume of trades outside of every session, and of those told too late."""

from typing import Any, Self

from engine.market.errors import StateError
from engine.market.tick import Tick


class LeftOut:
    """Counts it, and gives back what a trade before the close, overtaken by one after it, turns out to have traded."""

    __slots__ = ("_base", "_top", "since_ns", "ticks", "volume")

    def __init__(self, ticks: int = 0, volume: int = 0) -> None:
        self.ticks = ticks
        """Ticks that came while the exchange was closed, or in an auction."""
        self.volume = volume
        self.since_ns = 0
        """When the newest stretch of trades outside of every session began."""
        self._base = self._top = 0  # its totals: above what, up to what

    def add_outside(self, tick: Tick, volume: int) -> None:
        """A tick outside of every session, and the volume measured for it."""
        self.ticks += 1
        if not (tick.volume and volume):
            return
        self.volume += volume
        if tick.volume - volume != self._top:
            self.since_ns, self._base = tick.ts_event, tick.volume - volume
        self._top = tick.volume

    def take_back(self, tick: Tick) -> int:
        """The volume that was counted here because a later tick arrived before this one."""
        total = tick.volume or 0
        if tick.ts_event >= self.since_ns or not self._base < total <= self._top:
            return 0
        moved, self._base = total - self._base, total
        self.volume -= moved
        return moved

    def seal(self) -> None:
        """The totals begin anew: nothing to come is compared with those so far."""
        self._base = self._top = 0

    def state(self) -> list[int]:
        """Plain values for ``state:{symbol}``."""
        return [self.ticks, self.volume, self.since_ns, self._base, self._top]

    @classmethod
    def restore(cls, state: Any) -> Self:
        """What ``state`` gave away."""
        try:
            ticks, volume, since_ns, base, top = map(int, state)
        except (TypeError, ValueError) as error:
            raise StateError(f"left out {state!r}") from error
        left_out = cls(ticks, volume)
        left_out.since_ns, left_out._base, left_out._top = since_ns, base, top
        return left_out

"""Wall clocks: the one place where the time of day enters a process."""

import time
from typing import Protocol

import anyio

NS_PER_S = 1_000_000_000


class Clock(Protocol):
    """Tells the wall time; actors read it from ``self.system.clock`` and never from the operating system."""

    def now_ns(self) -> int:
        """Nanoseconds since the epoch, UTC."""
        ...

    def seconds_until(self, ns: int) -> float:
        """Seconds of the event loop's time until this clock shows ``ns``; 0 if it is past."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now_ns(self) -> int:
        return time.time_ns()

    def seconds_until(self, ns: int) -> float:
        return max(0.0, (ns - time.time_ns()) / NS_PER_S)


class LoopClock:
    """Starts at a chosen moment and runs as the event loop's time does: a virtual loop clock moves it too."""

    def __init__(self, start_ns: int) -> None:
        self._start_ns = start_ns
        self._started_at: float | None = None

    def now_ns(self) -> int:
        return self._start_ns + int(self._elapsed_s() * NS_PER_S)

    def seconds_until(self, ns: int) -> float:
        return max(0.0, (ns - self.now_ns()) / NS_PER_S)

    def _elapsed_s(self) -> float:
        now = anyio.current_time()
        if self._started_at is None:
            self._started_at = now
        return now - self._started_at


class ReplayClock(LoopClock):
    """Starts at a recorded moment and runs ``speed`` times as fast as the event loop's time."""

    def __init__(self, start_ns: int, speed: float = 1.0) -> None:
        super().__init__(start_ns)
        self._speed = speed

    def now_ns(self) -> int:
        return self._start_ns + int(self._elapsed_s() * self._speed * NS_PER_S)

    def seconds_until(self, ns: int) -> float:
        return super().seconds_until(ns) / self._speed

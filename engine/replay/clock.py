"""The clock of a replay: runs as the event loop's virtual time, and shows recorded moments to the nanosecond."""

import trio

NS_PER_S = 1_000_000_000


class RecordedClock:
    """Starts at a recorded moment and runs ``speed`` times as fast as the loop. A moment that is shown stands until the loop's time moves on.

    The loop counts seconds in floating point: a tick's time of receipt would come back some nanoseconds off, and what a
    candle is depends on it.
    """

    def __init__(self, start_ns: int, speed: float = 1.0) -> None:
        self._start_ns = start_ns
        self._speed = speed
        self._began_s: float | None = None
        self._shown_s = -1.0
        self._shown_ns = 0

    def now_ns(self) -> int:
        now_s = trio.current_time()
        if now_s == self._shown_s:
            return self._shown_ns
        return self._start_ns + int((now_s - self._beginning(now_s)) * self._speed * NS_PER_S)

    def seconds_until(self, ns: int) -> float:
        return max(0.0, (ns - self.now_ns()) / NS_PER_S / self._speed)

    def show(self, ns: int) -> None:
        """It is that moment now."""
        self._shown_s, self._shown_ns = trio.current_time(), ns

    async def reach(self, ns: int) -> None:
        """Waits for a moment; returns at once, and lets nobody else run, when it has come."""
        now_s = trio.current_time()
        at_s = self._beginning(now_s) + (ns - self._start_ns) / NS_PER_S / self._speed
        if at_s > now_s:
            await trio.sleep_until(at_s)
        if self.now_ns() < ns:  # by a rounding: who waits until it has come would wait for ever
            self.show(ns)

    def _beginning(self, now_s: float) -> float:
        if self._began_s is None:
            self._began_s = now_s
        return self._began_s

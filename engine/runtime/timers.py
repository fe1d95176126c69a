"""Timers: one heap and one task for every delayed call of a system, on the loop's own time."""

from __future__ import annotations

import heapq
from itertools import count
from typing import TYPE_CHECKING, Any

import anyio

if TYPE_CHECKING:
    from collections.abc import Callable

SWEEP_SHARE = 0.5
SWEEP_MINIMUM = 64


class Timer:
    """One delayed or repeated call; cancelling it twice, or after it is over, does no harm."""

    __slots__ = ("_timers", "argument", "call", "interval_s", "is_active")

    def __init__(
        self, timers: Timers, call: Callable[[Timer], None], argument: Any, interval_s: float | None = None
    ) -> None:
        self._timers = timers
        self.call = call
        self.argument = argument
        self.interval_s = interval_s
        self.is_active = True

    def cancel(self) -> None:
        if self.is_active:
            self.is_active = False
            self._timers.forget()


class Timers:
    """The heap: entries of cancelled timers stay until they come up or outnumber the others."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer]] = []
        self._order = count()
        self._cancelled = 0
        self._bell: anyio.Event | None = None

    @property
    def pending(self) -> int:
        """Entries of the heap, cancelled ones included."""
        return len(self._heap)

    def after(self, delay_s: float, call: Callable[[Timer], None], argument: Any) -> Timer:
        """Call once, so many seconds from now."""
        timer = Timer(self, call, argument)
        self._push(anyio.current_time() + max(0.0, delay_s), timer)
        return timer

    def every(self, interval_s: float, call: Callable[[Timer], None], argument: Any) -> Timer:
        """Call again and again, first after one interval; beats that were missed are skipped, not made up for."""
        if interval_s <= 0:
            raise ValueError(f"an interval is longer than nothing, was {interval_s:g}")
        timer = Timer(self, call, argument, interval_s)
        self._push(anyio.current_time() + interval_s, timer)
        return timer

    def forget(self) -> None:
        """A timer was cancelled: its entry is dead weight from now on."""
        self._cancelled += 1
        if self._cancelled > max(SWEEP_MINIMUM, len(self._heap) * SWEEP_SHARE):
            self._heap = [entry for entry in self._heap if entry[2].is_active]
            heapq.heapify(self._heap)
            self._cancelled = 0

    async def run(self) -> None:
        """Make the calls as they fall due; the system's one timer task."""
        while True:
            self._fire(anyio.current_time())
            self._bell = anyio.Event()
            with anyio.move_on_after(self._remaining_s()):
                await self._bell.wait()

    def _push(self, due_at: float, timer: Timer) -> None:
        heapq.heappush(self._heap, (due_at, next(self._order), timer))
        if self._heap[0][2] is timer and self._bell is not None:
            self._bell.set()

    def _remaining_s(self) -> float | None:
        return max(0.0, self._heap[0][0] - anyio.current_time()) if self._heap else None

    def _fire(self, now: float) -> None:
        while self._heap and self._heap[0][0] <= now:
            due_at, _, timer = heapq.heappop(self._heap)
            if not timer.is_active:
                self._cancelled -= 1
                continue
            if timer.interval_s is None:
                timer.is_active = False
            else:
                missed = (now - due_at) // timer.interval_s
                self._push(due_at + (missed + 1) * timer.interval_s, timer)
            timer.call(timer)

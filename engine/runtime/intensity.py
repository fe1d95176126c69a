"""Restart intensity: how many restarts in how much time a supervisor bears before it gives up."""

from collections import deque


class Intensity:
    """Counts restarts in a sliding window; pure, the time is an argument."""

    def __init__(self, limit: int, period_s: float) -> None:
        self.limit = limit
        self.period_s = period_s
        self._times: deque[float] = deque()

    def allows(self, now: float) -> bool:
        """Count one restart at loop time ``now``; False if it is one more than the limit within the period."""
        times = self._times
        times.append(now)
        while now - times[0] > self.period_s:
            times.popleft()
        return len(times) <= self.limit

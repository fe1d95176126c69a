"""A line's hours: whether any of its exchanges trades now, and whether the line has to be up."""

from actors.line import Line
from engine.market import Calendars
from engine.runtime import Clock

LONGEST_SLEEP_S = 3_600.0
"""Clocks are set: who waits for the morning looks again in between."""
LEAST_SLEEP_S = 0.05


class LineHours:
    """Asks the calendars on behalf of all lines of a feed."""

    def __init__(self, calendars: Calendars, clock: Clock) -> None:
        self._calendars = calendars
        self._clock = clock

    def is_open(self, line: Line) -> bool:
        now_ns = self._clock.now_ns()
        return any(self._calendars.of_exchange(code).is_open(now_ns) for code in line.exchanges)

    def is_needed(self, line: Line) -> bool:
        """Shortly before the first of its exchanges opens until shortly after the last has closed."""
        now_ns = self._clock.now_ns()
        if now_ns < line.needed_until_ns:
            return True
        hours = self._calendars.feed_hours(line.exchanges, now_ns)
        if hours is None or not hours.needed(now_ns):
            return False
        line.needed_until_ns = hours.end_ns
        return True

    def sleep_s(self, line: Line) -> float:
        """How long a line that is not needed may sleep before it is looked at again."""
        hours = self._calendars.feed_hours(line.exchanges, self._clock.now_ns())
        wait_s = LONGEST_SLEEP_S if hours is None else self._clock.seconds_until(hours.start_ns)
        return max(LEAST_SLEEP_S, min(wait_s, LONGEST_SLEEP_S))

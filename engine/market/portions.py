"""Portions: a long range cut where only so many buckets open, so that nobody has to hold more at once."""

from engine.market.calendar import Calendar
from engine.market.timeframe import length_s

_SECOND_NS = 1_000_000_000


def portion(
    calendar: Calendar, timeframe: str, start_ns: int, end_ns: int, most: int, *, newest_first: bool = False
) -> tuple[int, int]:
    """The part of [start, end), from the one end or the other, in which about ``most`` expected buckets open, or all of it.

    It is never empty when the range is not. Nights and holidays cost nothing: nothing is expected of them.
    """
    length_ns, left = length_s(timeframe) * _SECOND_NS, most
    if newest_first:
        for session in calendar.sessions_back(start_ns, end_ns):
            closing_ns = min(end_ns, session.end_ns)
            buckets = -(-(closing_ns - session.start_ns) // length_ns)
            if buckets >= left:
                return max(start_ns, session.start_ns + (buckets - left) * length_ns), end_ns
            left -= buckets
    else:
        for session in calendar.sessions_between(start_ns, end_ns):
            opening_ns = max(start_ns, session.start_ns)
            buckets = -(-(session.end_ns - opening_ns) // length_ns)
            if buckets >= left:
                return start_ns, min(end_ns, session.end_ns, opening_ns + left * length_ns)
            left -= buckets
    return start_ns, end_ns

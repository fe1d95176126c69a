"""Daily: when what a screener looks at is to be judged once more. Pure."""

from collections.abc import Collection, Mapping
from typing import Final

from engine.market import Calendar, Calendars
from engine.market.after_hours import days_over

_LEFT_NS: Final = 7 * 86_400 * 10**9
"""An exchange whose days nobody has worked through for so long is waited for no more."""


def due_ns(calendars: Calendars, worked_through: Mapping[str, int], exchanges: Collection[str]) -> int:
    """When the newest trading day ended that is worked through at each of these exchanges that traded on it; 0: there is none yet.

    ``worked_through`` has the end of each exchange's last such day, ns UTC. The day is the date of whichever was last, so
    that a screener over exchanges that close at different hours is due once a day, when the last of them is done.
    """
    known = {code: worked_through[code] for code in exchanges if worked_through.get(code)}
    if not known:
        return 0
    last = max(known, key=lambda code: known[code])
    date = calendars.of_exchange(last).session_date(known[last] - 1)
    for code, done_ns in known.items():
        day = calendars.of_exchange(code).day(date)
        if day is not None and done_ns < day.end_ns and done_ns > known[last] - _LEFT_NS:
            return 0
    return known[last]


def is_behind(calendar: Calendar, done_ns: int, now_ns: int, after_ns: int) -> bool:
    """Whether a later trading day is over, too, and will be worked through soon: a run now would be done again then."""
    return done_ns > now_ns - _LEFT_NS and bool(days_over(calendar, done_ns, now_ns, after_ns))

"""Known days: what an answer says where it reaches beyond the days that its exchange's calendar knows."""

from collections.abc import Iterable, Mapping

from engine.market.calendar import Calendar

FROM = "calendar_valid_from"
THROUGH = "calendar_valid_through"


def borders(calendar: Calendar, start_ns: int, end_ns: int) -> dict[str, str]:
    """The first and the last known date, each where [start, end) passes it; {} where all of it is known.

    Beyond nobody knows which days are sessions: nothing is expected of them, and nothing called missing.
    """
    schedule, told = calendar.schedule, dict[str, str]()
    if start_ns < end_ns and calendar.session_date(start_ns) < schedule.valid_from:
        told[FROM] = schedule.valid_from.isoformat()
    if start_ns < end_ns and calendar.session_date(end_ns - 1) > schedule.valid_through:
        told[THROUGH] = schedule.valid_through.isoformat()
    return told


def narrowest(told: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Of several exchanges the days that all of them know."""
    found: dict[str, str] = {}
    for border in told:
        if FROM in border:
            found[FROM] = max(found.get(FROM, ""), border[FROM])
        if THROUGH in border:
            found[THROUGH] = min(found.get(THROUGH, border[THROUGH]), border[THROUGH])
    return found

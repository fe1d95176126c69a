"""Portions: cut so that only so many buckets open in each, and nothing lies between two of them."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from engine.market import TIMEFRAMES, Calendar
from engine.market.portions import portion
from engine.market.timeframe import MINUTE_NS

WEEK = {weekday: ["09:15-11:30", "12:30-15:00"] for weekday in ("monday", "tuesday", "friday")}
CALENDAR = Calendar.parse(
    {
        "code": "X",
        "name": "x",
        "timezone": "Asia/Tokyo",
        "country": "JP",
        "currency": "JPY",
        "valid_from": date(2026, 1, 1),
        "valid_through": date(2026, 12, 31),
        "hours": WEEK,
    }
)
BEGIN = CALENDAR.sessions(date(2026, 11, 2), date(2026, 11, 2))[0].start_ns


@given(
    timeframe=st.sampled_from(TIMEFRAMES),
    start=st.integers(0, 20_000),
    length=st.integers(1, 20_000),
    most=st.integers(1, 300),
    newest_first=st.booleans(),
)
def test_portions_after_each_other_are_the_range_and_none_holds_too_much(
    timeframe: str, start: int, length: int, most: int, newest_first: bool
) -> None:
    start_ns = BEGIN + start * MINUTE_NS
    whole = left = (start_ns, start_ns + length * MINUTE_NS)
    while left[0] < left[1]:
        found = portion(CALENDAR, timeframe, *left, most, newest_first=newest_first)
        assert found[0] < found[1]
        opened = [one for one in CALENDAR.buckets(timeframe, *found) if one.start_ns >= found[0]]
        assert len(opened) <= most
        assert found[1 if newest_first else 0] == left[1 if newest_first else 0]
        left = (left[0], found[0]) if newest_first else (found[1], left[1])
        assert whole[0] <= left[0] <= left[1] <= whole[1]


def test_a_long_holiday_is_passed_over_in_one_portion() -> None:
    closed = Calendar.parse({**_mapping(), "hours": {"monday": ["09:00-10:00"]}})
    start_ns = closed.sessions(date(2026, 11, 2), date(2026, 11, 2))[0].end_ns
    assert portion(closed, "1m", start_ns, start_ns + 4 * 1440 * MINUTE_NS, 1) == (
        start_ns,
        start_ns + 4 * 1440 * MINUTE_NS,
    )


def _mapping() -> dict[str, object]:
    schedule = CALENDAR.schedule
    return {
        "code": "X",
        "name": "x",
        "timezone": schedule.timezone,
        "country": "JP",
        "currency": "JPY",
        "valid_from": schedule.valid_from,
        "valid_through": schedule.valid_through,
    }

"""Dates and times as callers write them."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.errors import ApiError
from web.routes.times import Range, days_of_range, range_of

KOLKATA = ZoneInfo("Asia/Kolkata")
NEW_YORK = ZoneInfo("America/New_York")
TODAY = date(2026, 11, 20)


def utc(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=UTC).timestamp()) * 1_000_000_000


def test_a_bare_date_is_the_exchanges_and_whole() -> None:
    found = range_of("2026-11-18", "2026-11-19", KOLKATA, TODAY, timedelta(0))
    assert found == Range(utc(2026, 11, 17, 18, 30), utc(2026, 11, 19, 18, 30))
    assert days_of_range(found, KOLKATA) == (date(2026, 11, 18), date(2026, 11, 19))


def test_without_dates_it_is_today_or_as_long_as_asked() -> None:
    assert days_of_range(range_of(None, None, KOLKATA, TODAY, timedelta(0)), KOLKATA) == (TODAY, TODAY)
    assert days_of_range(range_of(None, None, KOLKATA, TODAY, timedelta(7)), KOLKATA) == (date(2026, 11, 13), TODAY)
    assert days_of_range(range_of(None, "2026-01-05", KOLKATA, TODAY, timedelta(0)), KOLKATA) == (date(2026, 1, 5),) * 2


def test_a_day_when_clocks_change_is_as_long_as_it_is() -> None:
    found = range_of("2026-11-01", "2026-11-01", NEW_YORK, TODAY, timedelta(0))
    assert found.end_ns - found.start_ns == 25 * 3_600_000_000_000


def test_a_time_may_carry_its_zone_even_when_the_plus_sign_was_lost() -> None:
    for written in (
        "2026-11-18T11:28:00Z",
        "2026-11-18T16:58:00+05:30",
        "2026-11-18T16:58:00 05:30",
        "2026-11-18T16:58",
    ):
        found = range_of(written, written, KOLKATA, TODAY, timedelta(0))
        assert found == Range(utc(2026, 11, 18, 11, 28), utc(2026, 11, 18, 11, 28) + 1)


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_is_a_range_or_a_clear_error(start: str, end: str) -> None:
    try:
        found = range_of(start, end, KOLKATA, TODAY, timedelta(0))
    except ApiError as error:
        refused = error
    else:
        assert found.start_ns < found.end_ns
        return
    assert refused.status == 400


@pytest.mark.parametrize(
    "written", ["1969-01-01", "9999-12-31", "2026-11-18T25:00:00", "20261118T000000Z ", "0001-01-01"]
)
def test_absurd_times_are_refused_or_read_never_a_crash(written: str) -> None:
    try:
        range_of(written, None, KOLKATA, TODAY, timedelta(0))
    except ApiError as error:
        refused = error.status
        assert refused == 400

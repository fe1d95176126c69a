"""The calendars that come with the program, against the calendar libraries' lists and the exchanges' circulars."""

import os
import subprocess
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from config.calendars import calendar_codes, load_calendar
from engine.market import Calendar
from engine.seeding import exchanges

ROOT = Path(__file__).parents[2]
LIBRARIES = ROOT / ".venv" / ".calendars" / "bin" / "python"
"""What ``make calendars`` and ``make test`` install: the running program needs none of it."""
FIRST, LAST = date(2024, 1, 1), date(2026, 12, 31)
INDIA = ZoneInfo("Asia/Kolkata")

# What exchange_calendars 4.13 (XBOM) and pandas_market_calendars 5.5 (NSE, BSE) agree on, Muhurat days included.
_CLOSED = """
2024-01-22 2024-01-26 2024-03-08 2024-03-25 2024-03-29 2024-04-11 2024-04-17 2024-05-01 2024-05-20 2024-06-17
2024-07-17 2024-08-15 2024-10-02 2024-11-01 2024-11-15 2024-11-20 2024-12-25 2025-02-26 2025-03-14 2025-03-31
2025-04-10 2025-04-14 2025-04-18 2025-05-01 2025-08-15 2025-08-27 2025-10-02 2025-10-21 2025-10-22 2025-11-05
2025-12-25 2026-01-15 2026-01-26 2026-03-03 2026-03-26 2026-03-31 2026-04-03 2026-04-14 2026-05-01 2026-05-28
2026-06-26 2026-09-14 2026-10-02 2026-10-20 2026-11-10 2026-11-24 2026-12-25
"""
CLOSED_WEEKDAYS = set(_CLOSED.split())

SPECIAL = {
    "2024-01-20": ["09:15-15:30"],
    "2024-03-02": ["09:15-10:00", "11:30-12:30"],
    "2024-05-18": ["09:15-10:00", "11:45-12:40"],
    "2024-11-01": ["18:00-19:00"],
    "2025-02-01": ["09:15-15:30"],
    "2025-10-21": ["13:45-14:45"],
    "2026-02-01": ["09:15-15:30"],
    "2026-11-08": ["18:00-19:00"],
}


def hours(calendar: Calendar, day: str) -> list[str]:
    sessions = calendar.sessions(date.fromisoformat(day), date.fromisoformat(day))
    times = [[datetime.fromtimestamp(ns // 10**9, INDIA) for ns in (s.start_ns, s.end_ns)] for s in sessions]
    return [f"{opens:%H:%M}-{closes:%H:%M}" for opens, closes in times]


def weekdays() -> list[date]:
    days = (date.fromordinal(ordinal) for ordinal in range(FIRST.toordinal(), LAST.toordinal() + 1))
    return [day for day in days if day.weekday() < 5]


@pytest.mark.parametrize("code", ["NSE", "BSE", "NFO", "BFO"])
def test_weekdays_are_closed_exactly_on_the_published_holidays(code: str) -> None:
    calendar = Calendar.parse(load_calendar(code))
    ordinary = {day.isoformat() for day in weekdays() if (found := calendar.day(day)) is not None and not found.name}
    assert {day.isoformat() for day in weekdays()} - ordinary == CLOSED_WEEKDAYS


@pytest.mark.parametrize("code", ["NSE", "BSE", "NFO", "BFO"])
def test_special_sessions_on_weekends_and_holidays_are_known(code: str) -> None:
    calendar = Calendar.parse(load_calendar(code))
    days = [day for day in calendar.trading_days(FIRST, LAST) if day.name]
    assert {day.date.isoformat(): hours(calendar, day.date.isoformat()) for day in days} == SPECIAL
    assert all(day.pre_open is not None and day.pre_open.end_ns <= day.start_ns for day in days)


def test_hours_nobody_published_yet_are_marked_provisional() -> None:
    calendar = Calendar.parse(load_calendar("NSE"))
    provisional = [day.date for day in calendar.trading_days(FIRST, LAST) if day.provisional]
    assert provisional == [date(2026, 11, 8)]


@pytest.mark.parametrize("code", ["NSE", "BSE", "BFO"])
def test_an_ordinary_day_trades_from_0915_to_1530_after_the_auction(code: str) -> None:
    calendar = Calendar.parse(load_calendar(code))
    assert hours(calendar, "2026-11-20") == ["09:15-15:30"]
    day = calendar.day(date(2026, 11, 20))
    assert day is not None
    assert day.pre_open is not None
    assert f"{datetime.fromtimestamp(day.pre_open.start_ns // 10**9, INDIA):%H:%M}" == "09:00"


def test_nse_derivatives_trade_ten_minutes_longer_since_the_closing_auction_began() -> None:
    calendar = Calendar.parse(load_calendar("NFO"))
    assert hours(calendar, "2026-07-31") == ["09:15-15:30"]
    assert hours(calendar, "2026-08-03") == ["09:15-15:40"]


def test_every_holiday_has_a_name_and_falls_on_a_weekday() -> None:
    for code in calendar_codes():
        holidays = Calendar.parse(load_calendar(code)).schedule.holidays
        assert all(name and day.weekday() < 5 for day, name in holidays.items())


def test_every_calendar_file_names_itself_its_version_and_its_sources_and_covers_today() -> None:
    for code in calendar_codes():
        calendar = Calendar.parse(load_calendar(code))
        assert calendar.code == code
        assert date.fromisoformat(calendar.schedule.version) <= date(2026, 11, 21)
        assert calendar.schedule.sources
        assert calendar.covers(date(2026, 11, 20))


@pytest.mark.parametrize("code", ["NYSE", "NASDAQ", "CME", "COMEX", "NYMEX"])
def test_american_holidays_are_computed_and_known_through_2027(code: str) -> None:
    assert Calendar.parse(load_calendar(code)).covers(date(2027, 12, 31))


@pytest.mark.parametrize("code", ["NSE", "MCX", "CDS"])
def test_indian_holidays_of_2027_are_not_made_up(code: str) -> None:
    assert not Calendar.parse(load_calendar(code)).covers(date(2027, 1, 1))


def test_every_exchange_a_database_begins_with_has_its_calendar_and_the_other_way_round() -> None:
    assert sorted(exchange.code for exchange in exchanges()) == calendar_codes()
    for exchange in exchanges():
        schedule = Calendar.parse(load_calendar(exchange.code)).schedule
        assert (schedule.timezone, schedule.country, schedule.currency) == (
            exchange.timezone, exchange.country, exchange.currency,
        )  # fmt: skip


def test_the_files_are_what_the_script_derives_from_the_libraries() -> None:
    """After a change: make calendars. Where the libraries differ from the files, this says where."""
    if not LIBRARIES.exists():
        complaint = "no calendar libraries: make calendars installs them into an environment of their own"
        if os.environ.get("CI"):
            pytest.fail(complaint)
        pytest.skip(complaint)
    script = [LIBRARIES, "-W", "ignore", "scripts/make_calendars.py", "--check"]
    done = subprocess.run(script, capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_an_exchange_without_a_calendar_is_named_with_those_there_are() -> None:
    with pytest.raises(LookupError, match="no calendar of the exchange 'LSE'; there are BCD, BFO, BSE, CDS"):
        load_calendar("LSE")
    with pytest.raises(LookupError):
        load_calendar("../settings")

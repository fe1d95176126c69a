"""The calendars that come with the program, against the calendar libraries' lists and the exchanges' circulars."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from config.calendars import calendar_codes, load_calendar
from engine.market import Calendar

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
    holidays = Calendar.parse(load_calendar("NSE")).schedule.holidays
    assert all(name and day.weekday() < 5 for day, name in holidays.items())


def test_every_calendar_file_names_itself_and_covers_today() -> None:
    for code in calendar_codes():
        calendar = Calendar.parse(load_calendar(code))
        assert calendar.code == code
        assert (calendar.schedule.country, calendar.schedule.currency) == ("IN", "INR")
        assert calendar.covers(date(2026, 11, 20))


def test_an_exchange_without_a_calendar_is_named_with_those_there_are() -> None:
    with pytest.raises(LookupError, match="no calendar of the exchange 'LSE'; there are BFO, BSE, NFO, NSE"):
        load_calendar("LSE")
    with pytest.raises(LookupError):
        load_calendar("../settings")

"""Time to expiry is counted to the exchange's closing minute, and stands still while prices do."""

from datetime import date

import pytest

from config.calendars import load_calendar
from engine.market import Calendar, CalendarError
from engine.market.time_to_expiry import expires_ns, priced_ns, years_between
from tests.market.builders import MINUTE, at

NFO = Calendar.parse(load_calendar("NFO"))


def test_options_expire_when_the_exchange_closes_that_day() -> None:
    assert expires_ns(NFO, date(2025, 7, 31)) == at("2025-07-31 15:30")
    assert expires_ns(NFO, date(2026, 11, 26)) == at("2026-11-26 15:40")
    assert expires_ns(Calendar.parse(load_calendar("MCX")), date(2026, 11, 19)) == at("2026-11-19 23:55")


def test_an_expiry_on_a_holiday_is_that_of_the_day_before() -> None:
    assert expires_ns(NFO, date(2026, 11, 24)) == at("2026-11-23 15:40")


def test_an_expiry_after_a_month_of_closed_days_can_not_be() -> None:
    closed = Calendar.parse(
        {
            "code": "NIL",
            "name": "Nil",
            "timezone": "Asia/Kolkata",
            "country": "IN",
            "currency": "INR",
            "valid_from": date(2026, 1, 1),
            "valid_through": date(2026, 12, 31),
            "hours": {},
        }
    )
    with pytest.raises(CalendarError, match="NIL does not open in the month before 2026-11-26"):
        expires_ns(closed, date(2026, 11, 26))


def test_prices_are_of_now_while_the_exchange_trades_and_of_its_last_close_otherwise() -> None:
    assert priced_ns(NFO, at("2026-11-23 12:00")) == at("2026-11-23 12:00")
    assert priced_ns(NFO, at("2026-11-23 22:00")) == at("2026-11-23 15:40")
    assert priced_ns(NFO, at("2026-11-24 12:00")) == at("2026-11-23 15:40"), "a holiday"
    assert priced_ns(NFO, at("2026-11-25 09:14")) == at("2026-11-23 15:40")


def test_a_year_has_365_days_and_time_never_runs_below_nothing() -> None:
    closes = at("2026-11-26 15:40")
    assert years_between(closes - MINUTE, closes) == pytest.approx(1 / (365 * 24 * 60))
    assert years_between(closes, closes) == 0.0
    assert years_between(closes + MINUTE, closes) == 0.0

"""Symbols as the charting library wants them: hours, holidays and the steps of prices."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.calendars import load_calendar
from engine.market import Calendar, Instrument, InstrumentKind
from web.udf import RESOLUTIONS, info_of, timeframe_of_resolution
from web.udf.sessions import session_strings
from web.udf.symbols import price_scale

TODAY = date(2026, 11, 21)


def calendar(code: str) -> Calendar:
    return Calendar.parse(load_calendar(code))


def future(**changes: object) -> Instrument:
    values = {"kind": InstrumentKind.FUTURE, "tick_size": 0.25, "expiry": date(2026, 12, 18)} | changes
    return Instrument(7, "CME", "ES18DEC26FUT", "", **values)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("code", "session"),
    [
        ("NSE", "0915-1530:23456"),
        ("NASDAQ", "0930-1600:23456"),
        ("CME", "1700-1600:23456"),
        ("MCX", "0900-2355:23456"),
    ],
)
def test_the_week_is_written_as_the_library_reads_it(code: str, session: str) -> None:
    assert session_strings(calendar(code), TODAY).session == session


def test_what_never_closes_says_so() -> None:
    assert session_strings(Calendar.continuous(), TODAY) == ("24x7", "", "")


def test_days_that_differ_and_stretches_of_one_day_are_told_apart() -> None:
    week = {
        "monday": ["09:00-11:30", "12:30-15:00"],
        "tuesday": ["09:00-11:30", "12:30-15:00"],
        "sunday": ["10:00-11:00"],
    }
    odd = Calendar.parse(
        {
            "code": "X",
            "name": "x",
            "timezone": "Asia/Tokyo",
            "country": "JP",
            "currency": "JPY",
            "valid_from": date(2026, 11, 1),
            "valid_through": date(2026, 12, 31),
            "hours": week,
            "hours_change": [{"since": date(2026, 12, 28), "monday": ["09:00-10:00"]}],
            "holidays": {date(2026, 11, 23): "x", date(2026, 11, 25): "no day of trading anyway"},
            "special": [
                {"date": date(2026, 11, 28), "name": "y", "sessions": ["18:00-19:00"]},
                {"date": date(2026, 11, 30), "name": "y", "sessions": ["18:00-19:00"]},
            ],
        }
    )
    told = session_strings(odd, TODAY)
    assert told.session == "0900-1130,1230-1500:23|1000-1100:1"
    assert told.holidays == "20261123,20261229"
    assert told.corrections == "0900-1000:20261228;1800-1900:20261128,20261130"


def test_muhurat_trading_is_a_correction_and_diwali_is_a_holiday() -> None:
    told = session_strings(calendar("NSE"), TODAY)
    assert "20261225" in told.holidays.split(",")
    days = {
        day: part.partition(":")[0] for part in told.corrections.split(";") for day in part.partition(":")[2].split(",")
    }
    special = calendar("NSE").schedule.special
    recent = [day for day, hours in special.items() if hours.sessions and date(2026, 1, 1) <= day <= TODAY]
    assert recent
    assert {f"{day:%Y%m%d}" for day in recent} <= days.keys()


@pytest.mark.parametrize(
    ("tick", "scale", "step"), [(0.05, 100, 5), (0.25, 100, 25), (0.1, 10, 1), (1.0, 1, 1), (5.0, 1, 5), (0.0025, 10_000, 25), (0.0, 100, 1), (1e-08, 10**8, 1)]
)  # fmt: skip
def test_prices_move_by_the_tick(tick: float, scale: int, step: int) -> None:
    assert price_scale(tick) == (scale, step)


@given(numerator=st.integers(1, 10_000), exponent=st.integers(0, 8))
def test_the_step_over_the_scale_is_the_tick(numerator: int, exponent: int) -> None:
    tick = numerator / 10**exponent
    scale, step = price_scale(tick)
    assert step / scale == tick


def test_a_symbol_tells_what_the_library_needs() -> None:
    told = info_of(future(), calendar("CME"), TODAY)
    assert (told.name, told.ticker, told.type, told.exchange) == ("ES18DEC26FUT", "CME:ES18DEC26FUT", "futures", "CME")
    assert (told.timezone, told.currency_code, told.pricescale, told.minmov) == ("America/Chicago", "USD", 100, 25)
    assert (told.expired, told.expiration_date) == (False, int(datetime(2026, 12, 18, tzinfo=UTC).timestamp()))
    assert info_of(future(), calendar("CME"), date(2026, 12, 19)).expired
    index = Instrument(1, "NSE", "NIFTY", "Nifty 50", InstrumentKind.INDEX, 0.05)
    assert info_of(index, calendar("NSE"), TODAY).visible_plots_set == "ohlc"
    assert info_of(index, Calendar.continuous("UTC"), TODAY).timezone == "Etc/UTC"


def test_every_timeframe_has_its_resolution() -> None:
    known = [timeframe_of_resolution(resolution) for resolution in (*RESOLUTIONS, "D", "7", "1m")]
    assert known == ["1m", "5m", "15m", "30m", "1h", "4h", "1d", None, None, "1d", None, None]

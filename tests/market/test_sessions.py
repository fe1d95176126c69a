"""Golden tables: the hours of single days, written down by hand, with their summer times and special sessions."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from config.calendars import load_calendar
from engine.market import Calendar
from tests.market.builders import SECOND, at

CODES = ("NSE", "BSE", "NFO", "CDS", "MCX", "NYSE", "NASDAQ", "CME", "COMEX", "NYMEX")
CALENDARS = {code: Calendar.parse(load_calendar(code)) for code in CODES}
INDIA, NEW_YORK, CHICAGO = ZoneInfo("Asia/Kolkata"), ZoneInfo("America/New_York"), ZoneInfo("America/Chicago")


def hours(code: str, day: str, zone: ZoneInfo | None = None) -> list[str]:
    """The sessions of a date on the exchange's wall, or another; ``-1`` marks the evening before."""
    calendar, on = CALENDARS[code], date.fromisoformat(day)
    return [f"{wall(s.start_ns, on, zone or calendar.zone)}-{wall(s.end_ns, on, zone or calendar.zone)}"
            for s in calendar.sessions(on, on)]  # fmt: skip


def wall(ns: int, on: date, zone: ZoneInfo) -> str:
    local = datetime.fromtimestamp(ns // SECOND, zone)
    away = (local.date() - on).days
    return f"{local:%H:%M}{f'{away:+d}' if away else ''}"


@pytest.mark.parametrize(
    ("code", "day", "expected"),
    [
        ("NSE", "2026-11-20", ["09:15-15:30"]),
        ("NSE", "2026-11-21", []),
        ("NSE", "2026-11-24", []),
        ("NSE", "2026-02-01", ["09:15-15:30"]),  # a Sunday: the Budget
        ("NSE", "2024-01-20", ["09:15-15:30"]),  # a Saturday
        ("NSE", "2024-03-02", ["09:15-10:00", "11:30-12:30"]),  # a Saturday, at two sites
        ("NSE", "2024-11-01", ["18:00-19:00"]),  # Muhurat
        ("NSE", "2025-10-21", ["13:45-14:45"]),  # Muhurat, for once in the afternoon
        ("NFO", "2026-07-31", ["09:15-15:30"]),
        ("NFO", "2026-08-03", ["09:15-15:40"]),  # longer since the closing auction began
        ("NFO", "2026-11-08", ["18:00-19:00"]),
        ("CDS", "2026-11-20", ["09:00-17:00"]),
        ("CDS", "2026-04-01", []),  # the banks close their year
        ("MCX", "2026-03-06", ["09:00-23:55"]),  # the last Friday of New York's winter
        ("MCX", "2026-03-09", ["09:00-23:30"]),
        ("MCX", "2026-10-30", ["09:00-23:30"]),
        ("MCX", "2026-11-02", ["09:00-23:55"]),
        ("MCX", "2026-10-20", ["17:00-23:30"]),  # an evening only, in summer
        ("MCX", "2026-11-24", ["17:00-23:55"]),  # and in winter
        ("MCX", "2026-01-01", ["09:00-17:00"]),  # a morning only
        ("MCX", "2026-10-02", []),
        ("MCX", "2025-10-21", ["13:45-14:45"]),
        ("MCX", "2026-02-01", ["09:00-17:00"]),
        ("NYSE", "2026-11-20", ["09:30-16:00"]),
        ("NYSE", "2026-11-26", []),
        ("NYSE", "2026-11-27", ["09:30-13:00"]),  # a half day
        ("NASDAQ", "2027-12-24", []),  # Christmas, observed on the Friday
        ("NASDAQ", "2027-11-26", ["09:30-13:00"]),
        ("CME", "2026-11-20", ["17:00-1-16:00"]),
        ("CME", "2026-11-22", []),  # the Sunday evening counts for Monday
        ("CME", "2026-11-23", ["17:00-1-16:00"]),
        ("CME", "2026-11-26", ["17:00-1-12:00"]),
        ("CME", "2026-12-25", []),
        ("CME", "2025-01-09", ["17:00-1-08:30"]),  # a day of mourning, declared during the year
        ("COMEX", "2026-11-26", ["17:00-1-13:30"]),
        ("NYMEX", "2026-04-03", []),
        ("CME", "2024-03-29", []),  # Good Friday; the library has an early close
        ("CME", "2026-04-03", ["17:00-1-08:15"]),  # Good Friday with an employment report
        ("COMEX", "2025-01-09", ["17:00-1-16:00"]),  # metals and energy did not mourn
        ("COMEX", "2024-07-04", ["17:00-1-13:30"]),
        ("COMEX", "2025-07-04", ["17:00-1-12:00"]),  # a holiday on a Friday
        ("COMEX", "2025-09-01", ["17:00-1-13:30"]),
        ("NYMEX", "2027-06-18", ["17:00-1-12:00"]),
    ],
)
def test_the_hours_of_a_day(code: str, day: str, expected: list[str]) -> None:
    assert hours(code, day) == expected


AMERICAN_2026 = "01-01 01-19 02-16 04-03 05-25 06-19 07-03 09-07 11-26 12-25"
AMERICAN_2027 = "01-01 01-18 02-15 03-26 05-31 06-18 07-05 09-06 11-25 12-24"
METALS_2026 = """01-19=13:30 02-16=13:30 05-25=13:30 06-19=12:00 07-03=12:00 09-07=13:30 11-26=13:30 11-27=13:45
    12-24=12:45"""


@pytest.mark.parametrize(
    ("code", "year", "closed", "early"),
    [
        ("NYSE", 2026, AMERICAN_2026, "11-27=13:00 12-24=13:00"),
        ("NYSE", 2027, AMERICAN_2027, "11-26=13:00"),
        ("NASDAQ", 2026, AMERICAN_2026, "11-27=13:00 12-24=13:00"),
        ("CME", 2026, "01-01 12-25", """01-19=12:00 02-16=12:00 04-03=08:15 05-25=12:00 06-19=12:00 07-03=12:00 09-07=12:00
            11-26=12:00 11-27=12:15 12-24=12:15"""),
        ("COMEX", 2026, "01-01 04-03 12-25", METALS_2026),
        ("NYMEX", 2026, "01-01 04-03 12-25", METALS_2026),
    ],
)  # fmt: skip
def test_a_years_closed_weekdays_and_early_closes_are_those_that_were_published(
    code: str, year: int, closed: str, early: str
) -> None:
    """American lists of 2026 and 2027; CME Group's as a venue repeats it."""
    calendar = CALENDARS[code]
    days = [date(year, 1, 1) + timedelta(days=number) for number in range(365)]
    weekdays = [day for day in days if day.weekday() < 5]
    usual = wall(
        CALENDARS[code].sessions(date(year, 3, 2), date(year, 3, 2))[0].end_ns, date(year, 3, 2), calendar.zone
    )
    closes = {day: wall(found.end_ns, day, calendar.zone) for day in weekdays if (found := calendar.day(day))}
    assert [f"{day:%m-%d}" for day in weekdays if day not in closes] == closed.split()
    assert [f"{day:%m-%d}={close}" for day, close in closes.items() if close != usual] == early.split()


def test_index_futures_trade_on_good_friday_only_when_the_employment_report_comes_out() -> None:
    """On the first Friday of a month."""
    for day in (date(2024, 3, 29), date(2025, 4, 18), date(2026, 4, 3), date(2027, 3, 26)):
        assert bool(hours("CME", day.isoformat())) == (day.day <= 7), day


def test_an_ordinary_weekend_is_closed_in_muhurats_week_and_its_sunday_trades_in_the_evening_only() -> None:
    for code in ("NSE", "NFO", "CDS", "MCX"):
        assert hours(code, "2026-11-07") == []
        assert hours(code, "2026-11-08") == ["18:00-19:00"]
        assert hours(code, "2026-11-09") != []
        assert (hours(code, "2026-11-10") == []) == (code != "MCX")  # MCX trades that evening


@pytest.mark.parametrize(
    ("day", "in_india"),
    [
        ("2026-03-06", "20:00-02:30+1"),  # the Friday before New York's clocks change
        ("2026-03-09", "19:00-01:30+1"),
        ("2026-10-30", "19:00-01:30+1"),
        ("2026-11-02", "20:00-02:30+1"),
    ],
)
def test_new_york_opens_at_0930_of_its_own_wall_in_the_weeks_the_clocks_change(day: str, in_india: str) -> None:
    assert hours("NYSE", day) == hours("NASDAQ", day) == ["09:30-16:00"]
    assert hours("NYSE", day, INDIA) == [in_india]


def test_the_clocks_of_chicago_change_while_globex_is_closed() -> None:
    """On the morning of a Sunday: no session has 22 or 24 hours."""
    lengths = {s.end_ns - s.start_ns for s in CALENDARS["CME"].sessions(date(2026, 3, 2), date(2026, 3, 20))}
    assert lengths == {23 * 3600 * SECOND}


def test_globex_opens_on_sunday_evening_and_pauses_for_an_hour_each_day() -> None:
    globex = CALENDARS["CME"]
    assert not globex.is_open(at("2026-11-22 16:59:59", CHICAGO))
    assert globex.is_open(at("2026-11-22 17:00", CHICAGO))
    assert globex.session_date(at("2026-11-22 17:00", CHICAGO)) == date(2026, 11, 23)
    assert globex.is_open(at("2026-11-23 15:59:59", CHICAGO))
    assert not globex.is_open(at("2026-11-23 16:00", CHICAGO))
    assert globex.bucket("1m", at("2026-11-23 16:30", CHICAGO)) is None
    assert globex.session_date(at("2026-11-23 17:00", CHICAGO)) == date(2026, 11, 24)
    assert not globex.is_open(at("2026-11-27 17:00", CHICAGO))  # Friday evening


def test_globex_opens_in_the_evening_of_a_day_that_closed_at_noon() -> None:
    (friday,) = CALENDARS["CME"].sessions(date(2026, 11, 27), date(2026, 11, 27))
    assert friday.start_ns == at("2026-11-26 17:00", CHICAGO)


def starts(code: str, timeframe: str, day: str) -> Iterator[str]:
    on = date.fromisoformat(day)
    trading_day = CALENDARS[code].day(on)
    assert trading_day is not None
    for bucket in CALENDARS[code].buckets(timeframe, trading_day.start_ns, trading_day.end_ns):
        yield f"{wall(bucket.start_ns, on, CALENDARS[code].zone)}-{wall(bucket.end_ns, on, CALENDARS[code].zone)}"


@pytest.mark.parametrize(
    ("code", "timeframe", "day", "first", "last"),
    [
        ("NSE", "1h", "2026-11-20", "09:15-10:15", "15:15-15:30"),
        ("NSE", "4h", "2026-11-20", "09:15-13:15", "13:15-15:30"),
        ("NFO", "1h", "2026-11-20", "09:15-10:15", "15:15-15:40"),
        ("NFO", "30m", "2026-11-20", "09:15-09:45", "15:15-15:40"),
        ("NSE", "1h", "2024-11-01", "18:00-19:00", "18:00-19:00"),
        ("MCX", "1h", "2026-10-30", "09:00-10:00", "23:00-23:30"),
        ("MCX", "1h", "2026-11-02", "09:00-10:00", "23:00-23:55"),
        ("MCX", "4h", "2026-11-24", "17:00-21:00", "21:00-23:55"),
        ("NYSE", "1h", "2026-11-27", "09:30-10:30", "12:30-13:00"),
        ("CME", "4h", "2026-11-23", "17:00-1-21:00-1", "13:00-16:00"),
        ("CME", "1d", "2026-11-23", "17:00-1-16:00", "17:00-1-16:00"),
    ],
)
def test_buckets_begin_with_the_session_and_the_last_may_be_short(
    code: str, timeframe: str, day: str, first: str, last: str
) -> None:
    buckets = list(starts(code, timeframe, day))
    assert (buckets[0], buckets[-1]) == (first, last)


def test_an_option_can_be_traded_until_the_close_of_its_date_and_not_a_nanosecond_longer() -> None:
    for code, day, close in (
        ("NFO", "2026-11-24", None),
        ("NFO", "2026-11-26", "15:40"),
        ("MCX", "2026-11-24", "23:55"),
    ):
        trading_day = CALENDARS[code].day(date.fromisoformat(day))
        if close is None:
            assert trading_day is None
            continue
        assert trading_day is not None
        assert trading_day.end_ns == at(f"{day} {close}")
        last = CALENDARS[code].bucket("1m", trading_day.end_ns - 1)
        assert last is not None
        assert last.start_ns == trading_day.end_ns - 60 * SECOND


def test_nasdaq_keeps_the_new_york_stock_exchanges_days() -> None:
    first, last = date(2024, 1, 1), date(2027, 12, 31)
    assert CALENDARS["NASDAQ"].sessions(first, last) == CALENDARS["NYSE"].sessions(first, last)


def test_no_week_of_mcx_lacks_its_evening() -> None:
    """Each date between two holidays has the close of New York's season, whatever the weekday."""
    day = date(2024, 1, 2)
    while day <= date(2026, 12, 31):
        found = hours("MCX", day.isoformat())
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=NEW_YORK)
        evening = "23:30" if noon.dst() else "23:55"
        assert all(span.endswith((evening, "17:00", "19:00", "14:45")) for span in found), day
        day += timedelta(days=1)

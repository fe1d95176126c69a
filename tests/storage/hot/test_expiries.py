"""No key of a candle that still forms expires before its bucket has ended, however seldom its instrument trades."""

from datetime import date

import pytest

from config.calendars import calendar_codes, load_calendar
from engine.market import TIMEFRAMES, Calendar
from engine.storage.hot import keys

SECOND_NS = 1_000_000_000
ZONES = ("Asia/Kolkata", "America/New_York", "America/Chicago")
CALENDARS = {code: Calendar.parse(load_calendar(code)) for code in calendar_codes()} | {
    zone: Calendar.continuous(zone) for zone in ZONES
}
SPANS = [
    (date(2025, 10, 13), date(2025, 11, 10)),
    (date(2026, 3, 2), date(2026, 3, 30)),
    (date(2026, 11, 1), date(2026, 11, 9)),
]
"""Weeks with Muhurat evenings, half days, and both changes of the clocks."""


def longest_bucket_s(calendar: Calendar, timeframe: str) -> int:
    sessions = [session for span in SPANS for session in calendar.sessions(*span)]
    found = [
        (bucket.end_ns - bucket.start_ns) // SECOND_NS
        for session in sessions
        for bucket in calendar.buckets(timeframe, session.start_ns, session.end_ns)
    ]
    return max(found)


@pytest.mark.parametrize("timeframe", TIMEFRAMES[2:])
@pytest.mark.parametrize("name", sorted(CALENDARS))
def test_a_forming_candle_outlives_its_bucket_over_breaks_nights_and_changes_of_the_clocks(
    name: str, timeframe: str
) -> None:
    assert keys.live_expiry_s(timeframe) >= longest_bucket_s(CALENDARS[name], timeframe) + 60


@pytest.mark.parametrize("timeframe", TIMEFRAMES[2:])
@pytest.mark.parametrize("name", sorted(CALENDARS))
def test_a_buffer_outlives_the_bucket_that_follows_on_its_newest_candle(name: str, timeframe: str) -> None:
    assert keys.buffer_expiry_s(timeframe) > longest_bucket_s(CALENDARS[name], timeframe) + 60


def test_the_expiries_are_those_of_the_contract() -> None:
    assert {timeframe: keys.live_expiry_s(timeframe) for timeframe in TIMEFRAMES[:-1]} == {
        "1m": 120,
        "5m": 360,
        "15m": 960,
        "30m": 1860,
        "1h": 3660,
        "4h": 14460,
    }
    assert {timeframe: keys.buffer_expiry_s(timeframe) for timeframe in TIMEFRAMES} == {
        "1m": 600,
        "5m": 600,
        "15m": 1800,
        "30m": 3600,
        "1h": 7200,
        "4h": 28800,
        "1d": 172800,
    }


def test_the_keys_of_all_timeframes_are_those_of_the_contract() -> None:
    for timeframe in TIMEFRAMES:
        assert keys.live_candle("NSE:RELIANCE", timeframe) == f"live:NSE:RELIANCE:{timeframe}:current"
        assert keys.buffer("NSE:RELIANCE", timeframe) == f"live:NSE:RELIANCE:{timeframe}:buffer"
        assert keys.series("NSE:RELIANCE", timeframe) == f"realtime:NSE:RELIANCE:{timeframe}"
        assert keys.chart("NSE:RELIANCE", timeframe) == f"chart:NSE:RELIANCE:{timeframe}:1year"

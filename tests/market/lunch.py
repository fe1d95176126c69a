"""An exchange with a lunch break: in Tokyo, and what day it is there."""

from datetime import date

WITH_LUNCH = {
    "code": "XTKS",
    "name": "with a lunch break",
    "timezone": "Asia/Tokyo",
    "country": "JP",
    "currency": "JPY",
    "valid_from": "2026-01-01",
    "valid_through": "2026-12-31",
    "hours": {day: ["09:00-11:30", "12:30-15:30"] for day in ("monday", "tuesday", "wednesday", "thursday", "friday")},
}
DAY_NS = 1_795_100_400 * 1_000_000_000
"""2026-11-20 00:00 in Tokyo."""
assert date(2026, 11, 20).strftime("%A") == "Friday"

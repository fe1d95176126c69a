import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.calendars import load_calendar
from engine.market import TIMEFRAMES, Calendar
from engine.market.window import MOST_BARS, Stretch, stretches, window_start_ns
from tests.market.builders import MINUTE, at

DAY = 24 * 60 * MINUTE
NSE = Calendar.parse(load_calendar("NSE"))
NEVER_CLOSED = Calendar.continuous("Asia/Kolkata", "SIM")
DHAN = ("1m", "5m", "15m", "1h", "1d")
FIRST = at("2025-06-02 00:00")

moments = st.integers(0, 200 * 24 * 60).map(lambda minutes: FIRST + minutes * MINUTE)
calendars = st.sampled_from([NSE, NEVER_CLOSED])


@given(calendars, st.sampled_from(TIMEFRAMES), moments)
def test_the_window_holds_no_more_bars_and_days_than_promised(calendar: Calendar, timeframe: str, now_ns: int) -> None:
    start_ns = window_start_ns(calendar, timeframe, now_ns)
    bars = sum(1 for _ in calendar.buckets(timeframe, start_ns, now_ns))

    assert bars <= MOST_BARS[timeframe]
    assert start_ns > now_ns - 367 * DAY
    one_more = calendar.previous_session(start_ns)
    assert one_more is not None
    more = sum(1 for _ in calendar.buckets(timeframe, one_more.start_ns, now_ns + 2 * DAY))
    too_long_ago = one_more.date <= calendar.local_date(now_ns) - timedelta(days=365)
    assert too_long_ago or more > MOST_BARS[timeframe]


@given(calendars, moments, st.dictionaries(st.sampled_from(DHAN[:-1]), st.integers(1, 2000)))
def test_stretches_tile_the_window_of_every_timeframe(
    calendar: Calendar, now_ns: int, reach_days: dict[str, int]
) -> None:
    offers = [timeframe for timeframe in DHAN if timeframe in reach_days or timeframe == "1d"]

    def oldest_ns(timeframe: str) -> int:
        return now_ns - reach_days.get(timeframe, 10_000) * DAY

    found = stretches(calendar, offers, oldest_ns, now_ns, now_ns)
    for timeframe in TIMEFRAMES:
        makers = [stretch for stretch in found if timeframe in stretch.makes]
        assert all(before.end_ns == after.start_ns for before, after in itertools.pairwise(makers))
        assert not makers or makers[-1].end_ns == now_ns
        assert all(stretch.start_ns >= oldest_ns(stretch.timeframe) for stretch in makers)
    for stretch in found:
        assert calendar.session_at(stretch.start_ns) is not None
        day = calendar.trading_day(stretch.start_ns)
        assert day is not None
        assert day.start_ns == stretch.start_ns


def test_a_year_of_a_cash_market_is_made_of_minutes_alone() -> None:
    now_ns = at("2026-06-15 09:00")
    found = stretches(NSE, DHAN, lambda _: 0, now_ns, now_ns)

    assert [(stretch.timeframe, stretch.makes) for stretch in found] == [
        ("1d", ("1d",)),
        ("1m", ("1m", "5m", "15m", "30m", "1h", "4h")),
    ]
    opened = NSE.local_date(found[1].start_ns)
    assert opened <= date(2025, 6, 18)


def test_a_market_that_never_closes_takes_longer_candles_for_what_lies_further_back() -> None:
    now_ns = at("2026-06-15 00:00")
    found = {one.timeframe: one for one in stretches(NEVER_CLOSED, DHAN, lambda _: 0, now_ns, now_ns)}

    assert found["1m"].end_ns - found["1m"].start_ns == 68 * DAY
    assert found["5m"] == Stretch("5m", found["5m"].start_ns, found["1m"].start_ns, ("5m", "15m", "30m", "1h", "4h"))
    assert found["15m"].makes == ("15m", "30m", "1h", "4h")


@pytest.mark.parametrize("timeframe", TIMEFRAMES)
def test_what_a_provider_no_longer_has_is_not_asked_for(timeframe: str) -> None:
    now_ns = at("2026-06-15 00:00")
    found = stretches(NSE, (timeframe,), lambda _: now_ns, now_ns, now_ns)

    assert found == []

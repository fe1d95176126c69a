from datetime import date, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.calendars import calendar_codes, load_calendar
from engine.market import TIMEFRAMES, Bucket, Calendar, CalendarError, Calendars, length_s
from tests.market.builders import MINUTE, SECOND, at, clock

NSE = Calendar.parse(load_calendar("NSE"))
MONDAY_ONLY = {
    "code": "X",
    "name": "X",
    "timezone": "America/New_York",
    "country": "US",
    "currency": "USD",
    "valid_from": date(2024, 1, 1),
    "valid_through": date(2026, 12, 31),
    "hours": {"monday": ["09:30-16:00"]},
}
NEW_YORK = {**MONDAY_ONLY, "hours": {day: ["09:30-16:00"] for day in ("monday", "tuesday", "friday")}}
GLOBEX = {
    **MONDAY_ONLY,
    "timezone": "America/Chicago",
    "hours": {day: ["17:00-16:00"] for day in ("monday", "tuesday")},
}


def test_a_session_takes_its_opening_moment_and_not_its_closing_one() -> None:
    opening, closing = at("2025-11-03 09:15"), at("2025-11-03 15:30")
    session = NSE.session_at(opening)
    assert session is not None
    assert (session.start_ns, session.end_ns, session.date) == (opening, closing, date(2025, 11, 3))
    assert NSE.session_at(opening - 1) is None
    assert NSE.is_open(closing - 1)
    assert not NSE.is_open(closing)


def test_the_auction_before_the_open_is_no_session_and_counts_for_the_day() -> None:
    auction = at("2025-11-03 09:05")
    assert not NSE.is_open(auction)
    day = NSE.trading_day(auction)
    assert day is not None
    assert day.pre_open is not None
    assert day.pre_open.start_ns <= auction < day.pre_open.end_ns
    assert NSE.session_date(auction) == date(2025, 11, 3)


def test_holidays_and_weekends_are_closed() -> None:
    assert NSE.trading_day(at("2025-11-05 12:00")) is None
    assert NSE.trading_day(at("2025-11-08 12:00")) is None
    assert NSE.session_date(at("2025-11-08 12:00")) == date(2025, 11, 8)


def test_a_muhurat_evening_trades_on_a_holiday() -> None:
    assert NSE.session_at(at("2024-11-01 12:00")) is None
    session = NSE.session_at(at("2024-11-01 18:30"))
    assert session is not None
    assert (clock(session.start_ns), clock(session.end_ns)) == ("18:00", "19:00")


def test_next_and_previous_session_step_over_nights_weekends_and_holidays() -> None:
    friday_evening = at("2025-10-31 16:00")
    following, before = NSE.next_session(friday_evening), NSE.previous_session(friday_evening)
    assert following is not None
    assert before is not None
    assert following.date == date(2025, 11, 3)
    assert before.date == date(2025, 10, 31)
    inside = at("2025-11-03 10:00")
    assert (after := NSE.next_session(inside)) is not None
    assert after.date == date(2025, 11, 4)
    assert (last := NSE.previous_session(inside)) is not None
    assert last.date == date(2025, 10, 31)


def test_next_session_finds_the_second_session_of_the_day() -> None:
    between = at("2024-03-02 10:30")
    following, before = NSE.next_session(between), NSE.previous_session(between)
    assert following is not None
    assert before is not None
    assert (clock(before.start_ns), clock(following.start_ns)) == ("09:15", "11:30")


def test_an_exchange_that_never_opens_again_has_no_next_session() -> None:
    closed = Calendar.parse({**MONDAY_ONLY, "hours": {}})
    assert closed.next_session(at("2025-11-03 10:00")) is None
    assert closed.previous_session(at("2025-11-03 10:00")) is None


def test_hourly_buckets_start_with_the_session_and_the_last_is_short() -> None:
    day = at("2025-11-03 00:00")
    hours = [(clock(b.start_ns), clock(b.end_ns)) for b in NSE.buckets("1h", day, day + 24 * 60 * MINUTE)]
    assert hours[0] == ("09:15", "10:15")
    assert hours[-1] == ("15:15", "15:30")
    assert len(hours) == 7
    fours = [clock(bucket.start_ns) for bucket in NSE.buckets("4h", day, day + 24 * 60 * MINUTE)]
    assert fours == ["09:15", "13:15"]


def test_a_day_spans_all_sessions_of_its_date_but_the_pause_is_in_no_bucket() -> None:
    bucket = NSE.bucket("1d", at("2024-03-02 11:45"))
    assert bucket is not None
    assert (clock(bucket.start_ns), clock(bucket.end_ns)) == ("09:15", "12:30")
    assert NSE.bucket("1d", at("2024-03-02 10:30")) is None
    assert NSE.bucket("1h", at("2024-03-02 10:30")) is None
    assert (hour := NSE.bucket("1h", at("2024-03-02 12:29"))) is not None
    assert clock(hour.start_ns) == "11:30"


def test_buckets_touched_by_a_stretch_include_the_partial_ones_at_its_edges() -> None:
    start, end = at("2025-11-03 09:19:59"), at("2025-11-03 09:30:01")
    assert [clock(b.start_ns) for b in NSE.buckets("5m", start, end)] == ["09:15", "09:20", "09:25", "09:30"]
    exact = NSE.buckets("5m", at("2025-11-03 09:20"), at("2025-11-03 09:30"))
    assert [clock(bucket.start_ns) for bucket in exact] == ["09:20", "09:25"]
    assert list(NSE.buckets("5m", start, start)) == []


def test_a_stretch_over_the_night_has_buckets_of_both_days_only() -> None:
    touched = list(NSE.buckets("30m", at("2025-11-03 15:20"), at("2025-11-04 09:20")))
    assert [clock(bucket.start_ns) for bucket in touched] == ["15:15", "09:15"]


@given(
    day=st.dates(date(2023, 12, 1), date(2028, 1, 31)),
    timeframe=st.sampled_from(TIMEFRAMES),
    code=st.sampled_from([*calendar_codes(), "24H"]),
    within=st.floats(0, 1, exclude_max=True),
)
def test_buckets_tile_each_session_exactly(day: date, timeframe: str, code: str, within: float) -> None:
    calendar = CALENDARS[code]
    trading_day = calendar.day(day)
    if trading_day is None:
        return
    for session in trading_day.sessions:
        tiles = list(calendar.buckets(timeframe, session.start_ns, session.end_ns))
        assert tiles == [calendar.bucket(timeframe, tile.start_ns) for tile in tiles]
        if timeframe == "1d":
            assert tiles == [Bucket(trading_day.start_ns, trading_day.end_ns)]
            continue
        assert (tiles[0].start_ns, tiles[-1].end_ns) == (session.start_ns, session.end_ns)
        assert all(one.end_ns == two.start_ns for one, two in pairwise(tiles))
        assert all(b.end_ns - b.start_ns == length_s(timeframe) * SECOND for b in tiles[:-1])
        assert tiles[0].start_ns < tiles[-1].end_ns <= tiles[-1].start_ns + length_s(timeframe) * SECOND
        ns = session.start_ns + int(within * (session.end_ns - session.start_ns))
        assert calendar.bucket(timeframe, ns) == next(b for b in tiles if b.start_ns <= ns < b.end_ns)
    assert all(one.end_ns <= two.start_ns for one, two in pairwise(trading_day.sessions))


@given(day=st.dates(date(2024, 1, 1), date(2027, 12, 31)), code=st.sampled_from(calendar_codes()))
def test_the_days_of_an_exchange_follow_each_other_without_overlapping(day: date, code: str) -> None:
    sessions = CALENDARS[code].sessions(day, day + timedelta(days=7))
    assert all(one.end_ns <= two.start_ns for one, two in pairwise(sessions))
    assert all(CALENDARS[code].session_date(session.start_ns) == session.date for session in sessions)


@given(second=st.integers(at("2024-01-01") // SECOND, at("2026-12-31") // SECOND))
def test_a_bucket_contains_the_time_asked_for_and_exists_only_in_a_session(second: int) -> None:
    ns = second * SECOND
    for timeframe in TIMEFRAMES:
        bucket = NSE.bucket(timeframe, ns)
        assert (bucket is not None) == NSE.is_open(ns)
        if bucket is not None:
            assert bucket.start_ns <= ns < bucket.end_ns
    derived = NSE.derived_buckets(ns)
    assert derived == tuple(b for b in (NSE.bucket(t, ns) for t in TIMEFRAMES[1:]) if b is not None)


def test_a_day_that_changes_the_clocks_opens_at_the_same_hour_on_the_wall() -> None:
    calendar, zone = Calendar.parse(NEW_YORK), ZoneInfo("America/New_York")
    before, after = calendar.sessions(date(2026, 3, 6), date(2026, 3, 9))
    assert (clock(before.start_ns, zone), clock(after.start_ns, zone)) == ("09:30", "09:30")
    assert after.start_ns - before.start_ns == (3 * 24 - 1) * 60 * MINUTE


def test_an_around_the_clock_day_has_23_or_25_hours_when_the_clocks_change() -> None:
    calendar = Calendar.continuous("America/New_York")
    hours = {
        day: sum(1 for _ in calendar.buckets("1h", session.start_ns, session.end_ns))
        for day in (date(2026, 3, 8), date(2026, 7, 1), date(2026, 11, 1))
        for session in calendar.sessions(day, day)
    }
    assert list(hours.values()) == [23, 24, 25]


def test_an_around_the_clock_day_runs_from_local_midnight_to_midnight_with_none_missing() -> None:
    calendar = Calendar.continuous("Asia/Kolkata")
    sessions = calendar.sessions(date(2026, 11, 19), date(2026, 11, 21))
    assert [clock(session.start_ns) for session in sessions] == ["00:00"] * 3
    assert all(one.end_ns == two.start_ns for one, two in pairwise(sessions))
    assert calendar.schedule.is_continuous
    assert not NSE.schedule.is_continuous


def test_a_session_that_opens_the_evening_before_counts_for_the_day_it_closes_on() -> None:
    calendar, zone = Calendar.parse(GLOBEX), ZoneInfo("America/Chicago")
    session = calendar.session_at(at("2026-11-15 18:00", zone))  # a Sunday evening
    assert session is not None
    assert session.date == date(2026, 11, 16)
    assert calendar.session_date(at("2026-11-15 18:00", zone)) == date(2026, 11, 16)
    assert not calendar.is_open(at("2026-11-16 16:30", zone))
    assert calendar.is_open(at("2026-11-16 17:00", zone))


def test_longer_hours_hold_from_their_date_on() -> None:
    calendar = Calendar.parse({**NEW_YORK, "hours_change": [{"since": date(2026, 8, 3), "monday": ["09:30-17:00"]}]})
    (before,) = calendar.sessions(date(2026, 7, 27), date(2026, 7, 27))
    (after,) = calendar.sessions(date(2026, 8, 3), date(2026, 8, 3))
    assert after.end_ns - after.start_ns == before.end_ns - before.start_ns + 60 * MINUTE


def test_the_operator_is_told_before_the_known_holidays_run_out() -> None:
    assert NSE.warning(date(2026, 6, 1)) is None
    assert "ends in 41 days" in (NSE.warning(date(2026, 11, 20)) or "")
    assert "has ended" in (NSE.warning(date(2027, 1, 2)) or "")
    assert Calendar.continuous().warning(date(2026, 11, 20)) is None
    assert (NSE.days_left(date(2026, 11, 20)), NSE.days_left(date(2027, 1, 2))) == (41, -2)
    assert Calendar.continuous().days_left(date(2026, 11, 20)) is None


def test_all_exchanges_of_the_instruments_are_looked_at_once_and_those_without_hours_are_named() -> None:
    known = Calendars(load_calendar, {"SIM": "Asia/Kolkata"})
    told = known.warnings(["NSE:TCS", "NSE:INFY", "NYSE:IBM", "SIM:A", "LSE:VOD"], date(2026, 12, 20))
    assert len(told) == 2
    assert told[0].startswith("There is no calendar of the exchange 'LSE'; there are BCD,")
    assert told[1].startswith("The NSE calendar ends in 11 days (2026-12-31)")


class Hours(msgspec.Struct):
    """An exchange as a table has it."""

    code: str
    timezone: str = "Europe/London"
    market_open_time: time | None = time(8)
    market_close_time: time | None = time(16, 30)
    is_24_hours: bool = False


def test_an_exchange_without_a_calendar_goes_by_its_hours_from_monday_to_friday() -> None:
    known = Calendars(load_calendar)
    with pytest.raises(LookupError):
        known.of("LSE:VOD")
    known.learn([Hours("LSE"), Hours("NSE")])
    calendar = known.of("LSE:VOD")
    (session,) = calendar.sessions(date(2026, 7, 27), date(2026, 7, 27))
    assert (session.start_ns, session.end_ns) == (at("2026-07-27 12:30"), at("2026-07-27 21:00")), "in Indian time"
    assert calendar.sessions(date(2026, 8, 1), date(2026, 8, 2)) == []
    assert known.of("NSE:TCS").sessions(date(2026, 11, 20), date(2026, 11, 20))[0].start_ns == at("2026-11-20 09:15")


def test_of_an_exchange_without_a_calendar_nothing_is_known_for_certain() -> None:
    known = Calendars(load_calendar)
    known.learn([Hours("LSE")])
    calendar = known.of("LSE:VOD")
    assert not calendar.covers(date(2026, 7, 27))
    assert not calendar.knows(at("2026-07-27 12:30"), at("2026-07-27 13:30"))
    assert known.days_left(["LSE:VOD"], date(2026, 7, 27)) == {}
    assert known.warnings(["LSE:VOD"], date(2026, 7, 27)) == [
        "The exchange LSE has no calendar: it is taken to trade by its hours alone, and nothing is called missing."
    ]


def test_an_exchange_that_closes_before_it_opens_trades_overnight_and_one_without_hours_at_any_time() -> None:
    known = Calendars(load_calendar)
    night = Hours("NIGHT", market_open_time=time(22), market_close_time=time(5))
    known.learn(
        [night, Hours("OPEN", market_open_time=None), Hours("COIN", is_24_hours=True), Hours("MARS", "Mars/Olympus")]
    )
    (session,) = known.of("NIGHT:A").sessions(date(2026, 7, 28), date(2026, 7, 28))
    assert (session.end_ns - session.start_ns) // MINUTE == 7 * 60
    sunday = at("2026-08-02 12:00")
    assert known.of("OPEN:A").is_open(sunday)
    assert not known.of("OPEN:A").covers(date(2026, 8, 2))
    assert known.of("COIN:A").covers(date(2026, 8, 2))
    assert [known.usable(f"{code}:A") for code in ("NIGHT", "OPEN", "COIN", "MARS", "NOWHERE")] == [True] * 3 + [
        False
    ] * 2
    assert known.feed_hours(["NIGHT", "OPEN"], sunday) is not None


def test_unknown_days_are_not_covered_but_the_weekly_hours_go_on() -> None:
    assert not NSE.covers(date(2027, 1, 4))
    assert NSE.day(date(2027, 1, 4)) is not None


def test_a_stretch_is_known_when_all_its_dates_are() -> None:
    first, newest, after = at("2024-01-01 00:00"), at("2026-12-31 23:59"), at("2027-01-01 00:00")
    assert NSE.knows(first, after)
    assert not NSE.knows(first - 1, newest)
    assert not NSE.knows(newest, after + 1)
    assert NSE.knows(after, after)
    assert NSE.knows(after, newest)
    assert Calendar.continuous().knows(first - 1, after + 1)


def test_an_evening_session_is_as_unknown_as_the_date_it_counts_for() -> None:
    calendar = Calendar.parse({**GLOBEX, "valid_through": date(2026, 11, 16)})
    monday_evening = at("2026-11-16 17:00", ZoneInfo("America/Chicago"))
    assert calendar.knows(monday_evening - 1, monday_evening)
    assert not calendar.knows(monday_evening, monday_evening + 1)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"hours": {"monday": ["9.15-15.30"]}}, "a time is written 09:15"),
        ({"hours": {"monday": ["09:15"]}}, "hours are written 09:15-15:30"),
        ({"hours": {"monday": ["09:75-15:30"]}}, "there is no time '09:75'"),
        ({"hours": {"monday": ["09:15-25:00"]}}, "there is no time '25:00'"),
        ({"hours": {"monday": ["09:15-12:00", "11:00-15:30"]}}, "sessions overlap"),
        ({"hours": {"mnday": ["09:15-12:00"]}}, "mnday"),
        ({"hours": None}, "hours"),
        ({"valid_from": "soon"}, "valid_from"),
        ({"special": [{"date": date(2026, 1, 1)}]}, "special"),
        ({"timezone": "Asia/Atlantis"}, "Asia/Atlantis"),
    ],
)
def test_a_calendar_with_a_mistake_is_refused_with_a_sentence(change: dict[str, object], complaint: str) -> None:
    with pytest.raises(CalendarError, match=complaint):
        Calendar.parse({**MONDAY_ONLY, **change})


CALENDARS = {
    **{code: Calendar.parse(load_calendar(code)) for code in calendar_codes()},
    "24H": Calendar.continuous("America/New_York"),
}


def test_sessions_between_two_times_are_those_they_touch() -> None:
    calendar = Calendar.continuous()
    day_ns = 86_400_000_000_000
    [first] = calendar.sessions(date(2026, 11, 20), date(2026, 11, 20))
    midnight = first.start_ns
    assert list(calendar.sessions_between(midnight, midnight + day_ns)) == [first]
    assert len(list(calendar.sessions_between(midnight - 1, midnight + day_ns + 1))) == 3
    assert list(calendar.sessions_between(midnight + 9, midnight + 9)) == []
    assert list(calendar.sessions_between(midnight + 9, midnight + 8)) == []

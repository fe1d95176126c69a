"""After hours: which days are due, what is done about each, and which word of the day counts."""

from datetime import date, datetime

import msgspec
import pytest

from config.calendars import load_calendar
from engine.market import Calendar, Candle, CandleState
from engine.market.after_hours import (
    DayJob,
    Step,
    day_before,
    days_over,
    midnights_ns,
    next_step,
    reported_day,
    unended,
)
from engine.market.healing import heal, official_revision

NSE = Calendar.parse(load_calendar("NSE"))
MINUTE_NS = 60_000_000_000
HOUR_NS = 60 * MINUTE_NS
FRIDAY, MONDAY = date(2026, 11, 20), date(2026, 11, 23)


def at(day: date, clock: str) -> int:
    hour, minute = map(int, clock.split(":"))
    return int(datetime(day.year, day.month, day.day, hour, minute, tzinfo=NSE.zone).timestamp()) * 1_000_000_000


def end_ns(day: date) -> int:
    found = NSE.day(day)
    assert found is not None
    return found.end_ns


def dates(done_ns: int, now_ns: int) -> list[date]:
    return [day.date for day in days_over(NSE, done_ns, now_ns, HOUR_NS)]


def test_a_day_is_due_an_hour_after_its_close_and_not_before() -> None:
    thursday = end_ns(date(2026, 11, 19))
    assert dates(thursday, at(FRIDAY, "16:29")) == []
    assert dates(thursday, at(FRIDAY, "16:30")) == [FRIDAY]
    assert dates(end_ns(FRIDAY), at(MONDAY, "09:00")) == []


def test_missed_days_are_due_the_oldest_first_and_a_first_start_has_one() -> None:
    week = [date(2026, 11, day) for day in (16, 17, 18, 19, 20)]
    assert dates(end_ns(date(2026, 11, 13)), at(MONDAY, "08:00")) == week
    assert dates(0, at(MONDAY, "08:00")) == [FRIDAY]
    missed = dates(end_ns(date(2026, 9, 1)), at(MONDAY, "08:00"))
    assert (missed[0], missed[-1], len(missed) > 50) == (date(2026, 9, 2), FRIDAY, True)


def test_the_day_before_skips_the_weekend() -> None:
    found = day_before(NSE, MONDAY)
    assert found is not None
    assert found.date == FRIDAY
    assert midnights_ns(NSE, FRIDAY, MONDAY) == (at(FRIDAY, "00:00"), at(date(2026, 11, 24), "00:00"))


@pytest.mark.parametrize(
    ("day", "clock", "reported"),
    [(FRIDAY, "20:59", date(2026, 11, 19)), (FRIDAY, "21:00", FRIDAY), (MONDAY, "18:00", FRIDAY)],
)
def test_a_report_is_there_in_the_evening_of_its_day(day: date, clock: str, reported: date) -> None:
    found = reported_day(NSE, at(day, clock))
    assert found is not None
    assert found.date == reported


@pytest.mark.parametrize(
    ("status", "step"),
    [
        ("waiting", Step.WAIT),
        ("running", Step.WAIT),
        ("paused", Step.WAIT),
        ("done", Step.DONE),
        ("cancelled", Step.DONE),
        ("failed", Step.RETRY),
    ],
)
def test_what_a_day_needs_follows_from_its_newest_job(status: str, step: Step) -> None:
    jobs = [
        DayJob("other", "running", "NFO", FRIDAY),
        DayJob("new", status, "NSE", FRIDAY),
        DayJob("old", "failed", "NSE", FRIDAY),
    ]
    assert next_step(jobs, "NSE", FRIDAY) == (step, "new", "")
    assert next_step(jobs, "NSE", MONDAY) == (Step.BEGIN, "", "")


def portion(name: str, after: str = "", until: str = "", status: str = "done") -> DayJob:
    return DayJob(name, status, "NSE", FRIDAY, after, until)


FIRST, SECOND, THIRD = portion("1", "", "D"), portion("2", "D", "M"), portion("3", "M")


@pytest.mark.parametrize(
    ("jobs", "expected"),
    [
        ([FIRST], (Step.BEGIN, "", "D")),
        ([SECOND, FIRST], (Step.BEGIN, "", "M")),
        ([portion("2", "D", "M", "running"), FIRST], (Step.WAIT, "2", "")),
        ([portion("2", "D", "M", "failed"), FIRST], (Step.RETRY, "2", "")),
        ([portion("2", "D", "M", "cancelled"), FIRST], (Step.DONE, "2", "")),
        ([THIRD, SECOND, FIRST], (Step.DONE, "3", "")),
        ([FIRST, THIRD, SECOND, FIRST], (Step.BEGIN, "", "D")),
    ],
    ids=["first done", "second done", "at work", "failed", "cancelled", "all done", "done again"],
)
def test_a_day_of_many_instruments_is_done_portion_after_portion(
    jobs: list[DayJob], expected: tuple[Step, str, str]
) -> None:
    assert next_step(jobs, "NSE", FRIDAY) == expected
    assert unended(jobs, "NSE") == ([FRIDAY] if expected[2] else [])


def day_bar(close: float, volume: int, *, source: str = "dhan", revision: int = 0) -> Candle:
    state = CandleState.REVISED if revision else CandleState.FINAL
    return Candle(
        "NSE:TCS", "1d", at(FRIDAY, "09:15"), 100.0, 110.0, 95.0, close, volume, None, state, revision, source
    )


def test_the_official_bar_is_a_revision_that_says_what_it_is() -> None:
    found = official_revision(day_bar(104.0, 900), day_bar(105.0, 1_000))
    assert found is not None
    assert found == day_bar(105.0, 1_000, source="dhan/official", revision=1)
    assert (found.is_official, found.provider) == (True, "dhan")
    assert official_revision(found, day_bar(105.0, 1_000)) is None
    corrected = official_revision(found, day_bar(105.5, 1_000))
    assert corrected is not None
    assert corrected.revision == 2


def test_where_nothing_stands_the_official_bar_does() -> None:
    found = official_revision(None, day_bar(105.0, 1_000))
    assert found is not None
    assert (found.close, found.is_official) == (105.0, True)


def test_a_bar_that_can_not_be_of_this_day_is_not_believed() -> None:
    other = msgspec.structs.replace(day_bar(1_050.0, 1_000), open=1_000.0, high=1_100.0, low=990.0)
    assert official_revision(day_bar(104.0, 900), other) is None
    assert official_revision(None, msgspec.structs.replace(day_bar(120.0, 10), high=110.0)) is None


def test_no_heal_of_a_minute_takes_the_official_bar_away() -> None:
    opening = at(FRIDAY, "09:15")
    minute = Candle("NSE:TCS", "1m", opening, 100.0, 101.0, 99.0, 100.5, 10, source="dhan")
    kept = official_revision(day_bar(104.0, 900), day_bar(105.0, 1_000))
    assert kept is not None
    for standing, days in ((kept, []), (day_bar(104.0, 900), [1])):
        healing = heal(
            NSE,
            present={"1d": [standing]},
            history=[minute],
            start_ns=opening,
            end_ns=opening,
            through_ns=at(FRIDAY, "18:00"),
        )
        told = [candle for candle in healing.revisions if candle.timeframe == "1d"]
        assert [candle.revision for candle in told] == days
        assert any(candle.timeframe == "4h" for candle in healing.revisions)

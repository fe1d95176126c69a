"""Trading by an exchange calendar: days, their minutes, and what a market does outside them."""

from datetime import date

import pytest

from config.calendars import load_calendar
from engine.market import Calendar
from engine.providers.simulator.hours import MINUTE_NS, Hours, TradingDay, indian_date, indian_midnight
from tests.providers.simulator.markets import at, synthetic

FRIDAY = date(2026, 11, 20)
MONDAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def nse() -> Hours:
    return Hours(Calendar.parse(load_calendar("NSE")))


def day_of(hours: Hours, on: date) -> TradingDay:
    day = hours.day(on)
    assert day is not None
    return day


def test_without_a_calendar_every_day_has_all_its_minutes() -> None:
    day = day_of(Hours(), FRIDAY)

    assert day.minutes == 1_440
    assert day.opens_at(0) == indian_midnight(FRIDAY) == at("2026-11-20 00:00:00")
    assert day.minute_at(at("2026-11-20 23:59:59")) == 1_439


def test_a_day_counts_its_minutes_from_the_open(nse: Hours) -> None:
    day = day_of(nse, FRIDAY)

    assert day.minutes == 375
    assert day.minute_at(at("2026-11-20 09:14:59")) is None
    assert day.minute_at(at("2026-11-20 09:15:00")) == 0
    assert day.minute_at(at("2026-11-20 15:29:59")) == 374
    assert day.minute_at(at("2026-11-20 15:30:00")) is None
    assert [day.opens_at(minute) for minute in (0, 374)] == [at("2026-11-20 09:15:00"), at("2026-11-20 15:29:00")]


@pytest.mark.parametrize(
    ("moment", "before"),
    [("09:00:00", 0), ("09:15:00", 0), ("09:15:01", 1), ("09:16:00", 1), ("15:29:00", 374), ("18:00:00", 375)],
)
def test_the_minutes_before_a_moment_are_counted(nse: Hours, moment: str, before: int) -> None:
    assert day_of(nse, FRIDAY).minutes_before(at(f"2026-11-20 {moment}")) == before


def test_weekends_and_holidays_are_passed_over(nse: Hours) -> None:
    assert nse.day(date(2026, 11, 21)) is None
    assert nse.day_from(at("2026-11-20 15:30:00")) == nse.day(MONDAY)
    assert nse.day_upto(at("2026-11-23 09:14:59")) == nse.day(FRIDAY)
    assert nse.day_before(day_of(nse, MONDAY)) == nse.day(FRIDAY)


def test_a_market_with_hours_trades_within_them_only(nse: Hours) -> None:
    market = synthetic(hours=nse)

    minutes = market.minutes(2, at("2026-11-20 00:00:00"), at("2026-11-24 00:00:00"))

    assert len(minutes) == 750
    assert minutes[0].time == at("2026-11-20 09:15:00")
    assert minutes[374].time + MINUTE_NS == at("2026-11-20 15:30:00")
    assert indian_date(minutes[375].time) == MONDAY


def test_after_the_close_the_last_trade_stays_and_the_next_tape_is_the_next_days(nse: Hours) -> None:
    market = synthetic(hours=nse)
    saturday = at("2026-11-21 12:00:00")
    closing = market.minutes(2, at("2026-11-20 15:29:00"), saturday)[0]

    last = market.last(2, saturday)
    following = market.tape_from(2, saturday)

    assert market.tape(2, saturday) is None
    assert last is not None
    assert last.price == closing.close
    assert following is not None
    assert following.opens_ns == at("2026-11-23 09:15:00")


def test_mondays_previous_close_is_fridays(nse: Hours) -> None:
    market = synthetic(hours=nse)

    friday, monday = market.last(2, at("2026-11-20 16:00:00")), market.last(2, at("2026-11-23 10:00:00"))

    assert friday is not None
    assert monday is not None
    assert monday.previous_close == friday.price

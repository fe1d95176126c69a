"""Daily: once a trading day, when all exchanges that traded on it are worked through."""

from datetime import date

import pytest

from config.calendars import load_calendar
from engine.market import Calendars
from engine.screening.daily import due_ns

CALENDARS = Calendars(load_calendar)
THURSDAY, FRIDAY, MONDAY = date(2026, 11, 19), date(2026, 11, 20), date(2026, 11, 23)


def end(exchange: str, day: date) -> int:
    trading = CALENDARS.of_exchange(exchange).day(day)
    assert trading is not None
    return trading.end_ns


def test_of_one_exchange_it_is_the_day_that_is_worked_through() -> None:
    assert due_ns(CALENDARS, {"NSE": end("NSE", FRIDAY), "BSE": 0}, {"NSE"}) == end("NSE", FRIDAY)


@pytest.mark.parametrize(
    ("worked_through", "exchanges"), [({}, {"NSE"}), ({"NSE": 0}, {"NSE"}), ({"NSE": 5}, set[str]())]
)
def test_before_any_day_is_worked_through_nothing_is_due(worked_through: dict[str, int], exchanges: set[str]) -> None:
    assert due_ns(CALENDARS, worked_through, exchanges) == 0


def test_of_several_the_last_one_is_waited_for() -> None:
    exchanges = {"NSE", "MCX"}
    evening = {"NSE": end("NSE", FRIDAY), "MCX": end("MCX", THURSDAY)}
    assert due_ns(CALENDARS, evening, exchanges) == 0
    assert due_ns(CALENDARS, evening | {"MCX": end("MCX", FRIDAY)}, exchanges) == end("MCX", FRIDAY)


def test_an_exchange_that_was_closed_on_that_day_is_not_waited_for() -> None:
    thanksgiving = date(2026, 11, 26)
    assert CALENDARS.of_exchange("NYSE").day(thanksgiving) is None
    done = {"NSE": end("NSE", thanksgiving), "NYSE": end("NYSE", date(2026, 11, 25))}
    assert due_ns(CALENDARS, done, {"NSE", "NYSE"}) == end("NSE", thanksgiving)


def test_an_exchange_whose_days_nobody_works_through_any_more_is_waited_for_no_more() -> None:
    done = {"NSE": end("NSE", MONDAY), "MCX": end("MCX", date(2026, 11, 12))}
    assert due_ns(CALENDARS, done, {"NSE", "MCX"}) == end("NSE", MONDAY)

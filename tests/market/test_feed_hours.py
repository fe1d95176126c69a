from datetime import date
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from config.calendars import load_calendar
from engine.market import TIMEFRAMES, Calendars, CandleBook, Tick
from tests.market.builders import MINUTE, SECOND, at

CALENDARS = Calendars(load_calendar, {"SIM": "Asia/Kolkata"})


def hours(exchanges: list[str], text: str) -> tuple[int, int]:
    found = CALENDARS.feed_hours(exchanges, at(text))
    assert found is not None
    return found.start_ns, found.end_ns


def test_a_feed_connects_before_the_call_auction_and_stays_for_the_closing_one() -> None:
    assert hours(["NSE"], "2025-11-03 12:00") == (at("2025-11-03 08:45"), at("2025-11-03 16:00"))


def test_over_night_weekend_and_holiday_a_feed_waits_for_the_next_trading_day() -> None:
    assert hours(["NSE"], "2025-10-31 16:00")[0] == at("2025-11-03 08:45")
    assert hours(["NSE"], "2025-11-05 12:00")[0] == at("2025-11-06 08:45")


def test_a_pause_within_the_day_is_no_reason_to_disconnect() -> None:
    assert hours(["NSE"], "2024-03-02 10:45") == (at("2024-03-02 08:45"), at("2024-03-02 13:00"))


def test_exchanges_that_share_a_feed_keep_it_up_together() -> None:
    start_ns, end_ns = hours(["NSE", "NFO"], "2026-11-20 15:35")
    assert (start_ns, end_ns) == (at("2026-11-20 08:45"), at("2026-11-20 16:10"))


def test_needed_and_the_next_change_are_told() -> None:
    found = CALENDARS.feed_hours(["NSE"], at("2025-11-03 08:00"))
    assert found is not None
    assert not found.needed(at("2025-11-03 08:44"))
    assert found.changes_ns(at("2025-11-03 08:44")) == at("2025-11-03 08:45")
    assert found.needed(at("2025-11-03 08:45"))
    assert found.changes_ns(at("2025-11-03 08:45")) == at("2025-11-03 16:00")


def test_a_feed_of_an_exchange_that_never_closes_is_always_needed() -> None:
    found = CALENDARS.feed_hours(["NSE", "SIM"], at("2025-11-01 03:00"))
    assert found is not None
    assert found.needed(at("2025-11-01 03:00"))
    assert found.end_ns > at("2025-11-30 00:00")


def test_no_exchange_needs_no_feed() -> None:
    assert CALENDARS.feed_hours([], at("2025-11-03 12:00")) is None


@given(second=st.integers(at("2024-01-01") // SECOND, at("2026-12-31") // SECOND))
def test_whoever_trades_or_is_about_to_has_its_feed(second: int) -> None:
    ns = second * SECOND
    found = CALENDARS.feed_hours(["NSE", "NFO"], ns)
    assert found is not None
    assert found.end_ns > ns
    for calendar in (CALENDARS.of_exchange("NSE"), CALENDARS.of_exchange("NFO")):
        if calendar.is_open(ns) or calendar.is_open(ns + 10 * MINUTE) or calendar.is_open(ns - 10 * MINUTE):
            assert found.needed(ns)


def test_one_stretch_follows_another_without_touching_it() -> None:
    ns, stretches = at("2026-11-01 00:00"), list[tuple[int, int]]()
    while ns < at("2026-11-30 00:00"):
        found = CALENDARS.feed_hours(["NSE"], ns)
        assert found is not None
        stretches.append((found.start_ns, found.end_ns))
        ns = found.end_ns
    assert all(one[1] < two[0] for one, two in pairwise(stretches))
    days = CALENDARS.of_exchange("NSE").trading_days(date(2026, 11, 1), date(2026, 11, 30))
    assert len(stretches) == sum(1 for _ in days)


def test_after_the_last_known_day_feeds_go_on_by_the_weekly_hours_and_their_trades_become_candles() -> None:
    """An engine must not go deaf on 1 January because the holidays of the new year were not published in time."""
    calendar = CALENDARS.of_exchange("NSE")
    assert not calendar.covers(date(2027, 1, 1))
    assert hours(["NSE"], "2026-12-31 20:00") == (at("2027-01-01 08:45"), at("2027-01-01 16:00"))
    book = CandleBook("NSE:TCS", calendar, "test")
    trade = Tick("NSE:TCS", 100.0, 1, 1, at("2027-01-01 10:00"), at("2027-01-01 10:00"), "test")
    book.add(trade, 1)
    assert {candle.timeframe for candle in book.close_until(at("2027-01-01 16:00"))} == set(TIMEFRAMES)

"""What the candle book does, told by scenes of one trading day."""

from datetime import date
from typing import Any

import pytest

from engine.market import NEVER, Calendar, CandleBook, CandleState, StateError
from engine.storage.packing import pack, unpack
from tests.market.builders import GRACE, INSTRUMENT, MINUTE, SECOND, Runner, at, clock, minute, numbers, tick

OPEN = at("2025-11-03 09:15")
TEN = "2025-11-03 10:00"


@pytest.fixture
def runner(nse: Calendar) -> Runner:
    return Runner(nse)


def test_ticks_of_a_minute_make_its_candle(runner: Runner) -> None:
    runner.trade(f"{TEN}:01", 100.0, 10).trade(f"{TEN}:20", 102.0, 25).trade(f"{TEN}:40", 99.0, 26)
    runner.trade(f"{TEN}:59", 101.0, 30, open_interest=7)
    candle = runner.book.forming("1m")
    assert candle is not None
    assert numbers(candle) == (100.0, 102.0, 99.0, 101.0, 30)
    assert (candle.time, candle.state, candle.revision) == (at(TEN), CandleState.FORMING, 0)
    assert (candle.open_interest, candle.source, candle.resolve_required) == (7, "dhan", False)


def test_a_bucket_closes_by_the_clock_and_not_by_the_next_tick(runner: Runner) -> None:
    runner.trade(f"{TEN}:10", 100.0, 10)
    end = at("2025-11-03 10:01")
    assert runner.book.next_close_ns == end
    assert runner.clock(end + GRACE - 1) == []
    (closed,) = runner.clock(end + GRACE)
    assert (closed.timeframe, closed.state, closed.volume) == ("1m", CandleState.FINAL, 10)
    assert runner.book.forming("1m") is None
    assert runner.clock(end + GRACE) == []


def test_two_minutes_are_open_at_once_within_the_grace(runner: Runner) -> None:
    runner.trade("2025-11-03 10:00:59", 100.0, 10).trade("2025-11-03 10:01:00", 105.0, 30)
    runner.trade("2025-11-03 10:00:59", 101.0, 35)
    assert [(clock(c.time), c.close, c.volume) for c in runner.book.forming_minutes()] == [
        ("10:00", 101.0, 15),
        ("10:01", 105.0, 20),
    ]
    (first,) = runner.clock(at("2025-11-03 10:01:02"))
    assert (first.close, first.volume) == (101.0, 15)
    assert runner.book.next_close_ns == at("2025-11-03 10:02")


def test_no_bar_is_made_for_a_minute_without_trades(runner: Runner) -> None:
    runner.trade("2025-11-03 10:00:10", 100.0, 10).trade("2025-11-03 10:03:10", 101.0, 20)
    runner.clock(at("2025-11-03 10:05:00"))
    assert [clock(candle.time) for candle in runner.final("1m")] == ["10:00", "10:03"]


def test_derived_bars_close_with_their_own_bucket_though_its_last_minutes_had_no_trades(runner: Runner) -> None:
    runner.trade("2025-11-03 10:01:10", 100.0, 10)
    runner.clock(at("2025-11-03 10:02:02"))
    assert runner.book.next_close_ns == at("2025-11-03 10:05")
    (five,) = runner.clock(at("2025-11-03 10:05:02"))
    assert (five.timeframe, clock(five.time), five.volume) == ("5m", "10:00", 10)
    assert [c.timeframe for c in runner.clock(at("2025-11-03 10:14:59"))] == []
    assert [c.timeframe for c in runner.clock(at("2025-11-03 10:15:02"))] == ["15m", "30m", "1h"]


def test_everything_that_ends_together_comes_minutes_first_then_by_timeframe(runner: Runner) -> None:
    runner.trade("2025-11-03 15:29:58", 100.0, 10)
    closed = runner.clock(at("2025-11-03 15:30:02"))
    assert [candle.timeframe for candle in closed] == ["1m", "5m", "15m", "30m", "1h", "4h", "1d"]
    assert [clock(c.time) for c in closed] == ["15:29", "15:25", "15:15", "15:15", "15:15", "13:15", "09:15"]
    assert runner.book.next_close_ns == NEVER


def test_minutes_of_several_derived_buckets_may_close_in_one_go(runner: Runner) -> None:
    for i in range(12):
        runner.trade(f"2025-11-03 10:{i:02}:30", 100.0 + i, 10 * (i + 1), recv_ns=at(TEN))
    closed = runner.clock(at("2025-11-03 10:12:02"))
    assert [clock(c.time) for c in closed if c.timeframe == "1m"] == [f"10:{i:02}" for i in range(12)]
    assert [numbers(c) for c in closed if c.timeframe == "5m"] == [
        (100.0, 104.0, 100.0, 104.0, 50),
        (105.0, 109.0, 105.0, 109.0, 50),
    ]
    assert numbers(runner.book.forming("5m")) == (110.0, 111.0, 110.0, 111.0, 20)


def test_a_forming_derived_candle_holds_closed_and_open_minutes(runner: Runner) -> None:
    runner.trade("2025-11-03 10:00:10", 100.0, 10)
    runner.clock(at("2025-11-03 10:01:02"))
    runner.trade("2025-11-03 10:01:10", 103.0, 15).trade("2025-11-03 10:02:00", 101.0, 18)
    assert numbers(runner.book.forming("5m")) == (100.0, 103.0, 100.0, 101.0, 18)
    assert numbers(runner.book.forming("1d")) == (100.0, 103.0, 100.0, 101.0, 18)
    everything = runner.book.forming_all()
    assert [c.timeframe for c in everything] == ["1m", "1m", "5m", "15m", "30m", "1h", "4h", "1d"]
    assert {c.state for c in everything} == {CandleState.FORMING}


def test_a_forming_derived_candle_is_gone_once_it_is_closed(runner: Runner) -> None:
    runner.trade("2025-11-03 10:04:30", 100.0, 10)
    runner.clock(at("2025-11-03 10:05:02"))
    assert runner.book.forming("5m") is None
    assert runner.book.forming("15m") is not None
    assert CandleBook(INSTRUMENT, runner.calendar, "dhan").forming_all() == []


def test_what_the_opening_auction_traded_counts_for_the_day_and_not_for_the_first_candle(nse: Calendar) -> None:
    runner = Runner(nse, volume=1_000_000)  # yesterday's total
    runner.trade("2025-11-04 09:07:59", 100.0, 5000).trade("2025-11-04 09:15:01", 101.0, 5040)
    assert runner.book.outside_session == 1
    assert runner.book.unattributed == 5000
    assert numbers(runner.book.forming("1m")) == (101.0, 101.0, 101.0, 101.0, 40)
    assert numbers(runner.book.forming("1d")) == (101.0, 101.0, 101.0, 101.0, 40)


def test_ticks_after_the_close_enter_no_candle(runner: Runner) -> None:
    runner.trade("2025-11-03 15:29:59", 100.0, 10).trade("2025-11-03 15:30:00", 100.5, 25)
    runner.trade("2025-11-03 15:45:00", 100.5, 25)
    assert (runner.book.outside_session, runner.book.unattributed) == (2, 15)
    assert [numbers(candle) for candle in runner.final("1m")] == [(100.0, 100.0, 100.0, 100.0, 10)]


def test_an_index_has_candles_without_volume(nse: Calendar) -> None:
    runner = Runner(nse)
    runner.meter.counts_ticks = False
    runner.trade(f"{TEN}:01", 26000.0, None).trade(f"{TEN}:02", 26010.0, None).trade(f"{TEN}:03", 26005.0, None)
    candle = runner.book.forming("1m")
    assert numbers(candle) == (26000.0, 26010.0, 26000.0, 26005.0, 0)
    assert candle is not None
    assert candle.source == "dhan"


def test_without_totals_candles_count_ticks_and_say_so(nse: Calendar) -> None:
    runner = Runner(nse, volume=None)  # type: ignore[arg-type]
    runner.trade(f"{TEN}:01", 100.0, None).trade(f"{TEN}:02", 101.0, None)
    (closed,) = [candle for candle in runner.clock(at("2025-11-03 10:05:02")) if candle.timeframe == "5m"]
    assert (closed.volume, closed.source) == (2, "dhan/ticks")


def test_a_mere_quote_change_opens_no_candle(runner: Runner) -> None:
    runner.trade(f"{TEN}:01", 100.0, 10)
    runner.clock(at("2025-11-03 10:01:02"))
    runner.trade("2025-11-03 10:01:30", 100.0, 10, bid=99.9)
    assert runner.book.forming("1m") is None
    runner.trade("2025-11-03 10:01:40", 100.0, 11)
    assert numbers(runner.book.forming("1m")) == (100.0, 100.0, 100.0, 100.0, 1)


def test_a_price_before_the_first_trade_of_all_opens_no_candle(nse: Calendar) -> None:
    runner = Runner(nse)
    runner.trade("2025-11-03 09:15:02", 99.0, 0)  # the previous close, and nothing traded yet
    assert runner.book.forming("1m") is None
    runner.trade("2025-11-03 09:15:09", 99.5, 5)
    assert numbers(runner.book.forming("1m")) == (99.5, 99.5, 99.5, 99.5, 5)


def test_a_repeated_older_tick_moves_neither_volume_nor_close(runner: Runner) -> None:
    runner.trade(f"{TEN}:01", 100.0, 10).trade(f"{TEN}:02", 101.0, 20).trade(f"{TEN}:01", 100.0, 10)
    assert numbers(runner.book.forming("1m")) == (100.0, 101.0, 100.0, 101.0, 20)


def test_volume_given_to_a_newer_minute_returns_to_the_tick_it_overtook(runner: Runner) -> None:
    received = {"recv_ns": at("2025-11-03 10:00:01")}  # the exchange's clock is ahead
    runner.trade("2025-11-03 10:01:00", 105.0, 30, **received).trade("2025-11-03 10:00:59", 101.0, 20, **received)
    assert [(c.close, c.volume) for c in runner.book.forming_minutes()] == [(101.0, 20), (105.0, 10)]
    runner.trade("2025-11-03 10:00:58", 100.0, 15, **received)
    assert [(c.close, c.volume) for c in runner.book.forming_minutes()] == [(101.0, 20), (105.0, 10)]
    runner.trade("2025-11-03 09:59:59", 99.0, 12, **received)
    assert [(c.low, c.volume) for c in runner.book.forming_minutes()] == [(99.0, 12), (100.0, 8), (105.0, 10)]


def test_a_minute_that_a_mere_repetition_opened_goes_when_the_trade_it_repeated_arrives(runner: Runner) -> None:
    received = {"recv_ns": at("2025-11-03 10:01:01")}
    runner.trade("2025-11-03 10:00:30", 100.0, 10)
    runner.trade("2025-11-03 10:01:00", 101.0, 20, **received).trade("2025-11-03 10:00:59", 101.0, 20, **received)
    assert [(clock(c.time), c.close, c.volume) for c in runner.book.forming_minutes()] == [("10:00", 101.0, 20)]


def test_a_minute_that_a_repetition_opened_and_trades_followed_needs_healing(runner: Runner) -> None:
    received = {"recv_ns": at("2025-11-03 10:01:01")}
    runner.trade("2025-11-03 10:00:30", 100.0, 10)
    runner.trade("2025-11-03 10:01:00", 101.0, 20, **received).trade("2025-11-03 10:01:01", 103.0, 25, **received)
    runner.trade("2025-11-03 10:00:59", 101.0, 20, **received)
    assert [(c.close, c.volume, c.resolve_required) for c in runner.book.forming_minutes()] == [
        (101.0, 20, False),
        (103.0, 5, True),
    ]


def test_a_provider_that_restates_its_total_opens_no_candle_anew(nse: Calendar) -> None:
    """Totals begin anew within the minute: none before is compared with any after, and no volume is counted twice."""
    runner = Runner(nse, volume=990)
    runner.trade(f"{TEN}:01", 100.0, 1000).trade(f"{TEN}:05", 102.0, 1100)
    runner.trade(f"{TEN}:15", 101.0, 900).trade(f"{TEN}:20", 103.0, 950).trade(f"{TEN}:21", 104.0, 960)
    candle = runner.book.forming("1m")
    assert numbers(candle) == (100.0, 104.0, 100.0, 104.0, 170)
    assert runner.meter.unattributed == -200


def test_two_providers_totals_are_never_compared(runner: Runner) -> None:
    runner.trade(f"{TEN}:01", 100.0, 1000).trade(f"{TEN}:05", 101.0, 1100)
    runner.trade(f"{TEN}:06", 102.0, 90, provider="kite").trade(f"{TEN}:07", 103.0, 95, provider="kite")
    runner.trade(f"{TEN}:03", 99.5, 1050)
    assert numbers(runner.book.forming("1m")) == (100.0, 103.0, 99.5, 99.5, 1105)
    runner.trade("2025-11-03 10:01:00", 104.0, 1200).trade("2025-11-03 10:00:59", 104.0, 97, provider="kite")
    assert [candle.volume for candle in runner.book.forming_minutes()] == [1105, 150]


def test_yesterdays_last_tick_counts_for_yesterday_though_todays_first_overtook_it(around_the_clock: Calendar) -> None:
    runner = Runner(around_the_clock, volume=50)
    runner.trade("2025-11-03 23:59:58", 100.0, 100).trade("2025-11-04 00:00:00", 101.0, 500)
    runner.trade("2025-11-03 23:59:59", 100.0, 120)
    assert [c.volume for c in runner.book.forming_minutes()] == [70, 500]
    assert runner.meter.corrections == 0


def test_totals_of_yesterdays_evening_are_not_taken_for_todays(nse: Calendar) -> None:
    runner = Runner(nse)
    runner.trade("2025-11-03 15:29:50", 100.0, 900).trade("2025-11-03 15:31:00", 100.0, 1000)
    runner.trade("2025-11-04 15:29:50", 100.0, 500).trade("2025-11-04 15:30:00", 100.0, 520)
    overtaken = at("2025-11-04 15:29:59")
    runner.feed(tick(overtaken, 101.0, 510, recv_ns=overtaken + 2 * SECOND))
    assert numbers(runner.book.forming("1m")) == (100.0, 101.0, 100.0, 101.0, 510)
    assert runner.book.unattributed == 100 + 10


def late(nse: Calendar) -> Runner:
    """Five minutes traded, all closed at 10:05:02."""
    runner = Runner(nse)
    for i in range(5):
        runner.trade(f"2025-11-03 10:{i:02}:30", 100.0 + i, 10 * (i + 1))
        runner.clock(at(f"2025-11-03 10:{i + 1:02}:02"))
    runner.closed.clear()
    return runner


def test_a_late_tick_revises_one_of_the_last_closed_minutes_and_what_was_derived_from_it(nse: Calendar) -> None:
    runner = late(nse)
    runner.trade("2025-11-03 10:03:59", 110.0, 57)
    assert not runner.book.late
    one, five = runner.closed
    assert (one.timeframe, one.state, one.revision, numbers(one)) == (
        "1m", CandleState.REVISED, 1, (103.0, 110.0, 103.0, 110.0, 17),
    )  # fmt: skip
    assert (five.timeframe, five.state, five.revision, numbers(five)) == (
        "5m", CandleState.REVISED, 1, (100.0, 110.0, 100.0, 104.0, 57),
    )  # fmt: skip
    assert numbers(runner.book.forming("1h")) == (100.0, 110.0, 100.0, 104.0, 57)
    runner.trade("2025-11-03 10:04:59", 90.0, 60)
    assert [(c.timeframe, c.revision, c.close) for c in runner.closed[2:]] == [("1m", 1, 90.0), ("5m", 2, 90.0)]


def test_a_derived_candle_that_a_late_tick_does_not_change_gets_no_revision(nse: Calendar) -> None:
    runner = late(nse)
    runner.trade("2025-11-03 10:03:20", 101.0, 35)
    assert [(c.timeframe, c.revision, numbers(c)) for c in runner.closed] == [
        ("1m", 1, (101.0, 103.0, 101.0, 103.0, 10))
    ]
    assert runner.book.revision("5m", at(TEN)) == 0
    assert not runner.book.late


def test_the_book_says_that_a_tick_came_late(nse: Calendar) -> None:
    runner = late(nse)
    one = tick(at("2025-11-03 10:03:59"), 110.0, 57)
    assert not runner.book.add(one, runner.meter.measure(one, nse.session_date(one.ts_event)))
    assert runner.book.late
    assert len(runner.book.take_revised()) == 2
    assert not runner.book.late


def test_a_late_repetition_corrupts_no_closed_candle(nse: Calendar) -> None:
    runner = late(nse)
    runner.trade("2025-11-03 10:03:30", 103.0, 40).trade("2025-11-03 10:02:30", 102.0, 30)
    assert (runner.closed, runner.book.late, runner.book.unattributed) == ([], False, 0)


def test_a_tick_too_late_for_a_revision_asks_for_healing(nse: Calendar) -> None:
    runner = late(nse)
    runner.trade("2025-11-03 10:01:59", 120.0, 57).trade("2025-11-03 10:01:59", 120.5, 58)
    assert runner.book.late
    assert [clock(bucket.start_ns) for bucket in runner.book.take_late()] == ["10:01"]
    assert not runner.book.late
    assert runner.book.take_late() == []
    assert runner.book.unattributed == 8
    assert runner.closed == []


def test_a_revised_minute_whose_derived_bar_is_gone_asks_for_healing_of_that_bar(nse: Calendar) -> None:
    runner = late(nse)
    runner.trade("2025-11-03 10:05:30", 106.0, 60)
    runner.clock(at("2025-11-03 10:06:02"))  # the next bucket's first minute settles: the row is taken
    runner.closed.clear()
    runner.trade("2025-11-03 10:04:59", 95.0, 66)
    assert [(c.timeframe, clock(c.time), c.volume) for c in runner.closed] == [("1m", "10:04", 16)]
    assert [(clock(b.start_ns), clock(b.end_ns)) for b in runner.book.take_late()] == [("10:00", "10:05")]
    assert numbers(runner.book.forming("15m")) == (100.0, 106.0, 95.0, 106.0, 66)


def test_a_late_price_without_a_total_has_its_place_by_its_time_and_counts_for_nothing(nse: Calendar) -> None:
    runner = Runner(nse, volume=None)  # type: ignore[arg-type]
    runner.trade(f"{TEN}:10", 100.0, None).trade(f"{TEN}:20", 101.0, None)
    runner.clock(at("2025-11-03 10:01:02"))
    runner.closed.clear()
    runner.trade(f"{TEN}:10", 100.0, None)
    assert runner.closed == []
    runner.trade(f"{TEN}:15", 99.0, None).trade(f"{TEN}:50", 100.5, None).trade(f"{TEN}:05", 99.5, None)
    assert [numbers(c) for c in runner.closed if c.timeframe == "1m"] == [
        (100.0, 101.0, 99.0, 101.0, 2),
        (100.0, 101.0, 99.0, 100.5, 2),
        (99.5, 101.0, 99.0, 100.5, 2),
    ]
    assert not runner.book.late
    runner.trade(f"{TEN}:50", 100.0, None)  # another trade of that second, or an older one again
    assert [clock(bucket.start_ns) for bucket in runner.book.take_late()] == ["10:00"]


def test_a_book_leaves_what_was_before_it_to_history(nse: Calendar) -> None:
    book = CandleBook(INSTRUMENT, nse, "dhan", since_ns=at("2025-11-03 11:00:30"))
    assert not book.add(tick(at("2025-11-03 10:32:10"), 100.0, 900), 0)  # the snapshot a subscription begins with
    assert (book.late, book.forming_all(), book.next_close_ns) == (False, [], NEVER)
    assert book.add(tick(at("2025-11-03 11:00:40"), 100.5, 905), 5)


def test_an_interruption_flags_what_it_touches_open_closed_and_not_open_yet(nse: Calendar) -> None:
    runner = late(nse)
    runner.trade("2025-11-03 10:05:10", 106.0, 60)
    changed = runner.book.flag(at("2025-11-03 10:04:40"), at("2025-11-03 10:06:20"))
    assert [(c.timeframe, clock(c.time), c.resolve_required, c.revision) for c in changed] == [
        ("5m", "10:00", True, 0),
        ("1m", "10:04", True, 0),
    ]
    assert (now := runner.book.forming("1m")) is not None
    assert now.resolve_required
    runner.trade("2025-11-03 10:06:30", 107.0, 70).trade("2025-11-03 10:07:00", 108.0, 80)
    runner.clock(at("2025-11-03 10:08:02"))
    assert [(clock(c.time), c.resolve_required) for c in runner.final("1m")] == [
        ("10:05", True),
        ("10:06", True),
        ("10:07", False),
    ]
    assert (five := runner.book.forming("5m")) is not None
    assert five.resolve_required
    assert runner.book.flag(at("2025-11-03 10:04:40"), at("2025-11-03 10:06:20")) == []


def test_a_derived_bar_that_begins_inside_an_interruption_is_flagged_though_its_minutes_are_whole(
    nse: Calendar,
) -> None:
    runner = late(nse)
    runner.book.flag(at("2025-11-03 10:04:50"), at("2025-11-03 10:05:10"))
    runner.trade("2025-11-03 10:06:30", 107.0, 70)
    forming = {candle.timeframe: candle.resolve_required for candle in runner.book.forming_all()}
    assert forming == {"1m": False, "5m": True, "15m": True, "30m": True, "1h": True, "4h": True, "1d": True}
    runner.clock(at("2025-11-03 10:07:02"))
    assert (five := runner.book.forming("5m")) is not None
    assert five.resolve_required


def test_an_older_open_minute_is_flagged_too(runner: Runner) -> None:
    runner.trade("2025-11-03 10:00:59", 100.0, 10).trade("2025-11-03 10:01:00", 105.0, 30)
    assert runner.book.flag(at("2025-11-03 10:00:30"), at("2025-11-03 10:00:40")) == []
    assert [candle.resolve_required for candle in runner.book.forming_minutes()] == [True, False]


def healed(nse: Calendar) -> Runner:
    runner = late(nse)
    runner.trade("2025-11-03 10:05:10", 106.0, 60)
    runner.book.flag(at("2025-11-03 10:01:40"), at("2025-11-03 10:02:20"))
    return runner


def test_history_replaces_what_the_derived_candles_are_made_of_and_the_open_minute_stays(nse: Calendar) -> None:
    runner = healed(nse)
    history = [minute(OPEN + i * MINUTE, volume=100) for i in range(50)]
    assert runner.book.rebuild(history, at("2025-11-03 10:05"))
    assert numbers(runner.book.forming("1d")) == (100.0, 106.0, 99.0, 106.0, 5010)
    assert not any(candle.resolve_required for candle in runner.book.forming_all())
    assert runner.book.take_revised() == []  # the five-minute bar ended before: its revision is the caller's


def test_a_derived_bar_that_closed_while_history_was_fetched_is_revised_by_the_book(nse: Calendar) -> None:
    runner = late(nse)
    runner.book.flag(at("2025-11-03 10:01:40"), at("2025-11-03 10:02:20"))
    history = [minute(at(TEN) + i * MINUTE, volume=100) for i in range(4)]
    assert runner.book.rebuild(history, at("2025-11-03 10:04"))
    (five,) = runner.book.take_revised()
    assert (five.timeframe, five.state, five.revision, five.resolve_required) == ("5m", CandleState.REVISED, 1, False)
    assert numbers(five) == (100.0, 104.0, 99.0, 104.0, 410)


def test_history_that_is_too_old_is_refused_and_changes_nothing(nse: Calendar) -> None:
    runner = late(nse)
    before = runner.book.state()
    assert not runner.book.rebuild([minute(OPEN)], at("2025-11-03 10:01"))
    assert runner.book.state() == before
    assert runner.book.rebuild([minute(OPEN)], at("2025-11-03 10:02"))


def test_a_tick_that_history_already_holds_is_left_out(nse: Calendar) -> None:
    runner = healed(nse)
    runner.book.rebuild([minute(at(TEN) + i * MINUTE, volume=100) for i in range(5)], at("2025-11-03 10:05"))
    runner.trade("2025-11-03 10:04:59", 150.0, 70)
    assert (runner.closed, runner.book.late, runner.book.unattributed) == ([], False, 10)


def test_an_interruption_that_goes_on_after_the_healed_part_keeps_its_flag(nse: Calendar) -> None:
    runner = late(nse)
    runner.book.flag(at("2025-11-03 10:02:00"), at("2025-11-03 10:06:30"))
    assert runner.book.rebuild([minute(at(TEN))], at("2025-11-03 10:05"))
    runner.trade("2025-11-03 10:05:10", 106.0, 60)
    runner.trade("2025-11-03 10:07:10", 106.0, 61)
    runner.clock(at("2025-11-03 10:08:02"))
    assert [candle.resolve_required for candle in runner.final("1m")[-2:]] == [True, False]


def test_history_that_covers_an_open_minute_replaces_it(nse: Calendar) -> None:
    runner = healed(nse)
    history = [minute(at(TEN) + i * MINUTE, volume=100) for i in range(6)]
    assert runner.book.rebuild(history, at("2025-11-03 10:06"))
    assert runner.book.forming("1m") is None
    assert numbers(runner.book.forming("5m")) == (100.0, 101.0, 99.0, 100.0, 100)


def test_a_book_goes_on_from_its_state_in_the_middle_of_everything(nse: Calendar) -> None:
    runner = healed(nse)
    runner.trade("2025-11-03 10:06:00", 107.0, 70, open_interest=5)
    stored = unpack(pack(runner.book.state()))
    other = CandleBook.restore(INSTRUMENT, nse, "dhan", stored, at("2025-11-03 10:06:30"))
    assert other.forming_all() == runner.book.forming_all()
    assert other.state() == runner.book.state()
    assert other.close_until(at("2025-11-03 10:20")) == runner.book.close_until(at("2025-11-03 10:20"))
    assert len(pack(runner.book.state())) < 1024


def test_a_minute_that_was_told_as_closed_after_the_state_was_taken_is_not_closed_again(nse: Calendar) -> None:
    runner = late(nse)
    runner.trade("2025-11-03 10:09:30", 106.0, 60)
    stored = unpack(pack(runner.book.state()))
    assert CandleBook.unclosed_ns(stored) == at("2025-11-03 10:09")
    runner.trade("2025-11-03 10:09:40", 107.0, 65)
    told = runner.clock(at("2025-11-03 10:10:02"))
    other = CandleBook.restore(INSTRUMENT, nse, "dhan", stored, at("2025-11-03 10:10:30"))
    other.know_closed([candle for candle in told if candle.timeframe == "1m"])
    assert other.close_until(at("2025-11-03 10:12")) == []
    assert numbers(other.forming("15m")) == numbers(runner.book.forming("15m"))
    assert other.revision("1m", at("2025-11-03 10:09")) == 0
    assert CandleBook.unclosed_ns(other.state()) is None


def test_no_minute_is_open_in_what_is_no_state() -> None:
    states: list[dict[str, Any]] = [{}, {"minutes": 7}, {"minutes": [[]]}, {"minutes": []}]
    for state in states:
        assert CandleBook.unclosed_ns(state) is None


def test_a_state_whose_minutes_were_all_healed_is_still_of_its_day(nse: Calendar) -> None:
    """Else a stop right after a heal would save no forming day, and the next start lose what the day has made so far."""
    runner = healed(nse)
    history = [minute(at(TEN) + i * MINUTE, volume=100) for i in range(6)]
    assert runner.book.rebuild(history, at("2025-11-03 10:06"))
    other = CandleBook.restore(INSTRUMENT, nse, "dhan", runner.book.state(), at("2025-11-03 10:06:30"))
    assert other.forming_all() == runner.book.forming_all() != []


def test_of_an_earlier_trading_day_only_the_last_price_and_the_counters_hold(nse: Calendar) -> None:
    runner = late(nse)
    runner.trade("2025-11-03 15:31:00", 100.0, 75).trade("2025-11-03 15:29:00", 101.0, 80)
    other = CandleBook.restore(INSTRUMENT, nse, "dhan", runner.book.state(), at("2025-11-04 08:00"))
    assert (other.forming_all(), other.next_close_ns) == ([], NEVER)
    assert (other.outside_session, other.unattributed) == (runner.book.outside_session, runner.book.unattributed)
    assert not other.add(tick(at("2025-11-03 15:29:59"), 101.0, 80), 0)  # the vendor's snapshot of last evening
    assert not other.late


def test_a_book_without_a_state_begins_now(nse: Calendar) -> None:
    book = CandleBook.restore(INSTRUMENT, nse, "dhan", None, at("2025-11-03 11:00:30"))
    assert not book.add(tick(at("2025-11-03 10:59:10"), 100.0, 900), 3)
    assert (book.late, book.unattributed) == (False, 3)


def test_a_broken_state_is_refused_with_a_sentence(nse: Calendar) -> None:
    good = CandleBook(INSTRUMENT, nse, "dhan").state()
    for broken in (
        {},
        {**good, "version": 99},
        {**good, "bars": b"short"},
        {**good, "minutes": [[1]]},
        {**good, "gap": 3},
    ):
        with pytest.raises(StateError, match="The stored state can not be resumed from"):
            CandleBook.restore(INSTRUMENT, nse, "dhan", broken, OPEN)


def test_a_day_of_two_sessions_is_one_daily_bar_and_hours_start_with_each(nse: Calendar) -> None:
    runner = Runner(nse, day=date(2024, 3, 2))
    runner.trade("2024-03-02 09:59:59", 100.0, 10)
    assert [c.timeframe for c in runner.clock(at("2024-03-02 10:00:02"))] == ["1m", "5m", "15m", "30m", "1h", "4h"]
    runner.trade("2024-03-02 10:30:00", 100.0, 10).trade("2024-03-02 11:30:00", 105.0, 20)
    closed = runner.clock(at("2024-03-02 12:30:02"))
    assert [(c.timeframe, clock(c.time)) for c in closed] == [
        ("1m", "11:30"), ("5m", "11:30"), ("15m", "11:30"), ("30m", "11:30"), ("1h", "11:30"), ("4h", "11:30"),
        ("1d", "09:15"),
    ]  # fmt: skip
    assert numbers(closed[-1]) == (100.0, 105.0, 100.0, 105.0, 20)


def test_the_seconds_of_the_grace_are_the_callers(runner: Runner) -> None:
    runner.trade(f"{TEN}:59", 100.0, 10)
    (one,) = runner.book.close_until(at("2025-11-03 10:01"))
    assert one.time + MINUTE == at(f"{TEN}:59") + SECOND

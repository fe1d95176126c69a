"""A move from one provider to another: no candle has two cumulative bases, and what was traded counts once."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market import Calendar, Candle, CandleBook, Tick, VolumeMeter
from engine.market.carriage import Carriage, Turn
from engine.market.volume import bridged_mark
from tests.market.builders import GRACE, INSTRUMENT, MINUTE, SECOND, at

DAY = date(2025, 11, 3)
TEN = at("2025-11-03 10:00")


def of(provider: str, second: float, volume: int | None, *, size: int = 1, late_s: float = 0.0) -> Tick:
    ns = TEN + round(second * SECOND)
    return Tick(INSTRUMENT, 100.0, size, volume, ns, ns + round(late_s * SECOND), provider)


def test_a_planned_move_waits_for_the_end_of_the_minute_in_which_the_heir_was_heard(nse: Calendar) -> None:
    carriage = Carriage("dhan")
    carriage.move("kite", urgent=False)
    assert carriage.turn(of("dhan", 20, 100), nse) is Turn.TAKE
    assert carriage.turn(of("kite", 30, 100), nse) is Turn.LISTEN
    assert carriage.border_ns == TEN + MINUTE
    assert carriage.turn(of("kite", 60, 110), nse) is Turn.TAKE
    assert carriage.turn(of("dhan", 59, 108, late_s=2), nse) is Turn.TAKE
    assert carriage.turn(of("dhan", 61, 112), nse) is Turn.IGNORE
    assert not carriage.is_due(TEN + 59 * SECOND)
    assert carriage.is_due(TEN + MINUTE)
    carriage.complete()
    assert carriage.heard == "kite"
    assert carriage.turn(of("dhan", 59, 108), nse) is Turn.IGNORE


def test_in_an_emergency_the_heirs_first_tick_is_taken_and_the_incumbent_goes_on_until_then(nse: Calendar) -> None:
    carriage = Carriage("dhan")
    carriage.move("kite", urgent=True)
    assert carriage.heard == "dhan"
    assert carriage.turn(of("kite", 30, 100), nse) is Turn.SUCCEED
    carriage.complete()
    assert (carriage.heard, carriage.heir) == ("kite", "")


def test_a_move_that_is_called_off_leaves_all_as_it_was(nse: Calendar) -> None:
    carriage = Carriage("dhan")
    carriage.move("kite", urgent=False)
    carriage.turn(of("kite", 30, 100), nse)
    carriage.move("dhan", urgent=False)
    assert (carriage.heard, carriage.border_ns) == ("dhan", 0)
    assert carriage.turn(of("kite", 61, 100), nse) is Turn.IGNORE


def test_a_planned_move_whose_incumbent_dies_becomes_an_emergency(nse: Calendar) -> None:
    carriage = Carriage("dhan")
    carriage.move("kite", urgent=False)
    carriage.turn(of("kite", 30, 100), nse)
    carriage.move("kite", urgent=True)
    assert carriage.turn(of("kite", 31, 100), nse) is Turn.SUCCEED


def test_the_bridge_is_what_was_traded_in_between_where_that_is_likely() -> None:
    hour_ns, ten_s = 60 * MINUTE, 10 * SECOND
    assert bridged_mark(10_000, 10_050, 0, silent_ns=ten_s, open_ns=hour_ns) == 10_000
    assert bridged_mark(10_000, 60_050, 50_000, silent_ns=ten_s, open_ns=hour_ns) == 60_000
    assert bridged_mark(10_000, 9_999, 0, silent_ns=ten_s, open_ns=hour_ns) is None
    assert bridged_mark(10_000, 60_050, 0, silent_ns=ten_s, open_ns=hour_ns) is None


def test_a_meter_goes_over_a_bridge_and_measures_what_was_missed() -> None:
    meter = VolumeMeter()
    for one in (of("dhan", 0, 1_000), of("dhan", 5, 1_100)):
        meter.measure(one, DAY)
    first = of("kite", 20, 1_130)
    assert meter.bridge(first, DAY, TEN)
    assert [meter.measure(one, DAY) for one in (first, of("kite", 21, 1_135))] == [30, 5]
    assert meter.take_doubt() == 0


def test_the_difference_that_was_heard_before_makes_a_bridge_between_totals_that_differ() -> None:
    meter = VolumeMeter()
    meter.measure(of("dhan", 0, 1_000), DAY)
    meter.listen(of("kite", 1, 501_000), DAY)
    kept = VolumeMeter.restore(meter.state(), Calendar.continuous("Asia/Kolkata", "NSE"), TEN + SECOND)
    first = of("kite", 20, 501_040)
    for one in (meter, kept):
        assert one.bridge(first, DAY, TEN)
        assert one.measure(first, DAY) == 40


def test_where_no_bridge_holds_the_first_total_measures_nothing_and_is_in_doubt() -> None:
    meter = VolumeMeter()
    meter.measure(of("dhan", 0, 1_000), DAY)
    first = of("kite", 20, 900_000)
    assert not meter.bridge(first, DAY, TEN)
    assert [meter.measure(one, DAY) for one in (first, of("kite", 21, 900_007))] == [0, 7]
    assert meter.take_doubt() == TEN


def test_sizes_are_the_volume_of_a_provider_that_tells_no_totals() -> None:
    meter = VolumeMeter()
    assert [meter.measure(of("databento", second, None, size=size), DAY) for second, size in ((1, 5), (2, 7))] == [5, 7]
    assert meter.measure(of("databento", 3, None, size=0), DAY) == 1
    assert VolumeMeter(counts_ticks=False).measure(of("databento", 3, None, size=4), DAY) == 0


def test_a_size_beside_totals_is_in_the_next_total() -> None:
    meter = VolumeMeter()
    ticks = (of("dhan", 0, 1_000), of("dhan", 1, None, size=4), of("dhan", 2, 1_004))
    assert [meter.measure(one, DAY) for one in ticks] == [0, 0, 4]


def test_a_bar_of_sizes_is_no_bar_of_counted_ticks(nse: Calendar) -> None:
    book, meter = CandleBook(INSTRUMENT, nse, "databento"), VolumeMeter()
    for one in (of("databento", 1, None, size=5), of("databento", 2, None, size=7)):
        book.add(one, meter.measure(one, DAY))
    minute = book.forming("1m")
    assert minute is not None
    assert (minute.volume, minute.source) == (12, "databento")


def test_bars_that_a_move_cuts_are_mixed_and_others_say_who_made_them(nse: Calendar) -> None:
    book, meter = CandleBook(INSTRUMENT, nse, "dhan"), VolumeMeter()
    for one in (of("dhan", 1, 100), of("dhan", 50, 110)):
        book.add(one, meter.measure(one, DAY))
    book.close_until(TEN + MINUTE)
    book.succeed("kite", TEN + MINUTE)
    one = of("kite", 70, None, size=3)
    book.add(one, meter.measure(one, DAY))
    assert {candle.timeframe: candle.source for candle in book.forming_all()} == {
        "1m": "kite", **dict.fromkeys(["5m", "15m", "30m", "1h", "4h", "1d"], "mixed")
    }  # fmt: skip
    book.succeed("dhan", TEN + 90 * SECOND)
    assert [candle.source for candle in book.close_until(TEN + 2 * MINUTE) if candle.timeframe == "1m"] == ["mixed"]


TRADES = st.lists(st.tuples(st.floats(0.1, 20.0), st.integers(1, 500)), min_size=4, max_size=40)


@pytest.mark.parametrize("heir_lags_s", [0.0, 0.8])
@given(trades=TRADES, offset=st.integers(-50, 5_000_000), begin=st.floats(0.0, 30.0))
def test_after_a_planned_move_every_minute_has_the_volume_of_its_trades(
    nse: Calendar, trades: list[tuple[float, int]], offset: int, begin: float, heir_lags_s: float
) -> None:
    """Both providers tell of each trade, each by its own total, one of them later; the instrument hears both."""
    second, total, told, truth = 0.0, 1_000, list[tuple[float, Tick]](), dict[int, int]()
    for pause_s, size in trades:
        second, total = second + pause_s, total + size
        truth[int(second // 60)] = truth.get(int(second // 60), 0) + size
        told.append((second, of("dhan", second, total)))
        late = of("kite", second, total + offset, late_s=heir_lags_s)
        if second >= begin:
            told.append((second + heir_lags_s, late))
    book, meter, carriage = CandleBook(INSTRUMENT, nse, "dhan"), VolumeMeter(), Carriage("dhan")
    meter.measure(of("dhan", -1, 1_000), DAY)
    carriage.move("kite", urgent=False)
    minutes: list[Candle] = []
    for _, one in sorted(told, key=lambda each: each[0]):
        minutes += book.close_until(one.ts_recv - GRACE)
        if carriage.is_due(one.ts_recv - GRACE):
            meter = meter.successor()
            book.succeed("kite", carriage.border_ns)
            carriage.complete()
        turn = Turn.TAKE if one.provider == carriage.heard else carriage.turn(one, nse)
        if turn is Turn.LISTEN:
            meter.listen(one, DAY)
        elif turn is Turn.TAKE:
            book.add(one, meter.measure(one, DAY))
    minutes += book.close_until(TEN + round((second + 120) * SECOND))
    assert {(one.time - TEN) // MINUTE: one.volume for one in minutes if one.timeframe == "1m"} == truth
    assert meter.take_doubt() == 0

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.calendars import load_calendar
from engine.market import Calendar, Candle, CandleState, View, ViewError, WickLimit
from tests.market.builders import INSTRUMENT, MINUTE, at

NSE = Calendar.parse(load_calendar("NSE"))
NEVER_CLOSED = Calendar.continuous("Asia/Kolkata", "SIM")
TIMEFRAMES = ("1m", "5m", "15m", "30m", "1h", "4h", "1d")

prices = st.floats(1, 10_000, allow_nan=False).map(lambda price: round(price, 2))
limits = st.one_of(
    st.none(),
    st.builds(WickLimit, st.floats(0, 50), st.just(value=False)),
    st.builds(WickLimit, st.floats(0, 5), st.just(value=True)),
)
views = st.builds(View, st.booleans(), limits)


@st.composite
def runs(draw: st.DrawFn) -> tuple[Calendar, list[Candle]]:
    """Any of a calendar's buckets within ten days, with any prices that make a candle."""
    calendar = draw(st.sampled_from([NSE, NEVER_CLOSED]))
    timeframe = draw(st.sampled_from(TIMEFRAMES))
    sessions = calendar.sessions(date(2025, 11, 3), date(2025, 11, 13))
    opens = [b.start_ns for b in calendar.buckets(timeframe, sessions[0].start_ns, sessions[-1].end_ns)]
    chosen = draw(st.sets(st.sampled_from(opens), min_size=1, max_size=12))
    return calendar, [_candle(draw, timeframe, time) for time in sorted(chosen)]


def _candle(draw: st.DrawFn, timeframe: str, time: int) -> Candle:
    low, opening, close, high = sorted(draw(st.tuples(prices, prices, prices, prices)))
    if draw(st.booleans()):
        opening, close = close, opening
    return Candle(INSTRUMENT, timeframe, time, opening, high, low, close, 7, 3, CandleState.FINAL, 1, "dhan")


@given(runs(), views)
def test_looking_twice_through_a_view_shows_the_same(run: tuple[Calendar, list[Candle]], view: View) -> None:
    calendar, candles = run
    once = view.of(candles, calendar)

    assert view.of(once, calendar) == once


@given(runs(), views)
def test_a_view_changes_nothing_but_open_high_and_low(run: tuple[Calendar, list[Candle]], view: View) -> None:
    calendar, candles = run
    before = [msgspec.json.encode(candle) for candle in candles]
    shown = view.of(candles, calendar)

    assert [msgspec.json.encode(candle) for candle in candles] == before
    for candle, seen in zip(candles, shown, strict=True):
        assert msgspec.structs.replace(seen, open=candle.open, high=candle.high, low=candle.low) == candle
        if not view.continuous:
            assert seen.open == candle.open


@given(runs(), views)
def test_what_is_shown_is_a_valid_candle(run: tuple[Calendar, list[Candle]], view: View) -> None:
    calendar, candles = run
    for seen in view.of(candles, calendar):
        assert seen.low <= min(seen.open, seen.close) <= max(seen.open, seen.close) <= seen.high


@given(runs())
def test_a_continuous_open_is_the_close_before_it_over_at_most_ten_hours(run: tuple[Calendar, list[Candle]]) -> None:
    calendar, candles = run
    shown = View(continuous=True).of(candles, calendar)

    assert shown[0] == candles[0]
    for before, candle, seen in zip(candles, candles[1:], shown[1:], strict=False):
        bucket = calendar.bucket(before.timeframe, before.time)
        assert bucket is not None
        near = candle.time - bucket.end_ns <= 10 * 60 * MINUTE
        assert seen.open == (before.close if near else candle.open)
        assert (seen.high, seen.low) == (max(candle.high, seen.open), min(candle.low, seen.open))


@given(runs(), limits.filter(lambda limit: limit is not None))
def test_no_wick_is_longer_than_the_limit_nor_longer_than_it_was(
    run: tuple[Calendar, list[Candle]], limit: WickLimit
) -> None:
    calendar, candles = run
    for candle, seen in zip(candles, View(wick=limit).of(candles, calendar), strict=True):
        top, bottom = max(candle.open, candle.close), min(candle.open, candle.close)
        longest = (top * limit.amount / 100, bottom * limit.amount / 100) if limit.percent else (limit.amount,) * 2
        assert seen.high - top <= longest[0] + 1e-9
        assert bottom - seen.low <= longest[1] + 1e-9
        assert candle.low <= seen.low
        assert seen.high <= candle.high


@given(runs(), views, st.integers(0, 12))
def test_a_part_seen_with_what_came_before_it_looks_as_in_the_whole(
    run: tuple[Calendar, list[Candle]], view: View, skip: int
) -> None:
    calendar, candles = run
    start_ns = candles[min(skip, len(candles) - 1)].time
    whole = [seen for seen in view.of(candles, calendar) if seen.time >= start_ns]

    assert view.since(candles, calendar, start_ns) == whole


def test_a_night_of_the_cash_market_stays_a_gap_and_a_minute_without_trades_does_not() -> None:
    def bar(time: str, opening: float, close: float) -> Candle:
        return Candle(INSTRUMENT, "1m", at(time), opening, max(opening, close), min(opening, close), close, 1)

    candles = [bar("2025-11-03 15:29", 100, 101), bar("2025-11-04 09:15", 105, 106), bar("2025-11-04 09:20", 107, 108)]

    assert [seen.open for seen in View(continuous=True).of(candles, NSE)] == [100, 105, 106]


@pytest.mark.parametrize(
    ("written", "limit"),
    [("10", WickLimit(10)), ("0.5%", WickLimit(0.5, percent=True)), ("0.5pct", WickLimit(0.5, percent=True))],
)
def test_limits_are_read_as_they_are_written(written: str, limit: WickLimit) -> None:
    assert WickLimit.parse(written) == limit
    assert View.parse("true", written).label == {"continuous": True, "wick": str(limit)}


@pytest.mark.parametrize("written", ["", "ten", "-1", "nan", "inf", "1e300", "%", "5 %%"])
def test_a_limit_that_is_none_is_refused(written: str) -> None:
    with pytest.raises(ViewError, match=r"10 or 0\.5%"):
        WickLimit.parse(written)


def test_who_asks_for_no_view_gets_the_candles_and_no_label() -> None:
    assert View.parse("", "") == View()
    assert View.parse("false", "").label == {}
    with pytest.raises(ViewError, match="true or false"):
        View.parse("perhaps", "")

"""History and live as one: whatever each of them holds, the merged list is whole, in order, and live wins."""

from datetime import date

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from config.calendars import load_calendar
from engine.market import DERIVED_TIMEFRAMES, Calendar, Candle, CandleState, derive
from engine.market.filling import absent, fitting, made_of
from engine.storage.history import newest
from tests.market.builders import INSTRUMENT, MINUTE, at

NSE = Calendar.parse(load_calendar("NSE"))
DAY = NSE.sessions(date(2025, 11, 3), date(2025, 11, 3))[0]
OPENS = [bucket.start_ns for bucket in NSE.buckets("5m", DAY.start_ns, DAY.end_ns)]


@st.composite
def histories(draw: st.DrawFn) -> list[Candle]:
    """What a provider answers: any order, with repetitions, holes, and bars that are none of ours."""
    times = draw(st.lists(st.sampled_from(OPENS), max_size=40))
    strange = draw(st.lists(st.sampled_from([OPENS[0] - MINUTE, OPENS[3] + MINUTE, DAY.end_ns]), max_size=3))
    return [_bar(time, 1.0, 0, CandleState.FORMING, "provider") for time in [*times, *strange]]


@st.composite
def lives(draw: st.DrawFn) -> list[Candle]:
    """What we built: each bucket once or in several revisions, the last one may form."""
    built: list[Candle] = []
    for time in draw(st.lists(st.sampled_from(OPENS), max_size=40)):
        revision = draw(st.integers(0, 3))
        state = CandleState.REVISED if revision else draw(st.sampled_from([CandleState.FINAL, CandleState.FORMING]))
        built.append(_bar(time, 2.0 + revision, revision, state, "live"))
    return built


def _bar(time: int, close: float, revision: int, state: CandleState, source: str) -> Candle:
    return Candle(INSTRUMENT, "5m", time, close, close, close, close, 1, None, state, revision, source)


@given(histories(), lives())
def test_the_merged_list_is_whole_in_order_and_live_or_the_newest_revision_wins(
    history: list[Candle], live: list[Candle]
) -> None:
    closed = [candle for candle in live if candle.state is not CandleState.FORMING]
    fitted = fitting(history, NSE, DAY.end_ns)
    merged = newest([*absent(fitted, {(one.timeframe, one.time) for one in closed}), *live])

    times = [candle.time for candle in merged]
    assert times == sorted(set(times))
    known = {candle.time for candle in history if candle.time in OPENS} | {candle.time for candle in live}
    assert set(times) == known, "no hole at the seam beyond those in both"
    for candle in merged:
        own = [one for one in live if one.time == candle.time]
        settled = [one for one in own if one.state is not CandleState.FORMING]
        if settled:
            assert (candle.source, candle.revision) == ("live", max(one.revision for one in settled))
        elif any(one.time == candle.time for one in fitted):
            assert (candle.source, candle.state, candle.revision) == ("provider", CandleState.FINAL, 0)


@given(histories(), lives(), st.randoms(use_true_random=False))
def test_the_order_in_which_history_comes_and_how_often_changes_nothing(
    history: list[Candle], live: list[Candle], chance: object
) -> None:
    shuffled = [*history, *history]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]

    once = newest([*fitting(history, NSE, DAY.end_ns), *live])
    assert newest([*fitting(shuffled, NSE, DAY.end_ns), *live]) == once


@given(st.integers(0, len(OPENS)))
def test_a_bucket_that_has_not_ended_is_left_to_who_is_listening(upto: int) -> None:
    end_ns = DAY.start_ns + upto * 5 * MINUTE
    candles = [_bar(time, 1.0, 0, CandleState.FINAL, "provider") for time in OPENS]

    assert [candle.time for candle in fitting(candles, NSE, end_ns)] == OPENS[:upto]


def test_hours_that_are_counted_from_elsewhere_are_none_of_ours() -> None:
    full_hours = [
        msgspec.structs.replace(_bar(at(f"2025-11-03 {hour}:00"), 1.0, 0, CandleState.FINAL, "p"), timeframe="1h")
        for hour in (10, 11, 12)
    ]

    assert fitting(full_hours, NSE, DAY.end_ns) == []


def test_longer_candles_are_made_of_the_shorter_ones_that_were_read() -> None:
    five = [_bar(time, float(number + 1), 0, CandleState.FINAL, "p") for number, time in enumerate(OPENS)]
    made = list(made_of(five, DERIVED_TIMEFRAMES[:-1], NSE))

    for timeframe in ("15m", "30m", "1h", "4h"):
        assert [one for one in made if one.timeframe == timeframe] == derive(five, timeframe, NSE)
    assert [one for one in made if one.timeframe == "5m"] == five
    assert list(made_of([], DERIVED_TIMEFRAMES, NSE)) == []

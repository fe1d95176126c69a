"""Healing: what stands is made equal to the provider's history, by revisions and nothing else."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from engine.market.calendar import Calendar
from engine.market.candle import Candle, CandleState
from engine.market.derive import derive
from engine.market.healing import Healing, heal, revision_of
from engine.market.timeframe import DERIVED_TIMEFRAMES, TIMEFRAMES

MINUTE_NS = 60_000_000_000
CALENDAR = Calendar.continuous("Asia/Kolkata")
START_NS = 1_767_033_000_000_000_000  # midnight in Kolkata
MINUTES = 90
END_NS = START_NS + MINUTES * MINUTE_NS


def minute(number: int, price: float, volume: int = 10) -> Candle:
    time = START_NS + number * MINUTE_NS
    return Candle(
        "NSE:A", "1m", time, price, price + 1, price - 1, price, volume, state=CandleState.FINAL, source="dhan"
    )


histories = st.dictionaries(st.integers(0, MINUTES - 1), st.integers(50, 60), max_size=MINUTES).map(
    lambda traded: [minute(number, float(price)) for number, price in sorted(traded.items())]
)


def seen(history: list[Candle], numbers: set[int], wrong: set[int]) -> dict[str, list[Candle]]:
    """What stands when only some minutes were seen, some of them in part, and those flagged."""
    minutes = [
        msgspec.structs.replace(candle, volume=candle.volume - 1, resolve_required=True) if index in wrong else candle
        for index, candle in enumerate(history)
        if index in numbers
    ]
    derived = {
        timeframe: [candle for candle in derive(minutes, timeframe, CALENDAR) if is_closed(candle)]
        for timeframe in DERIVED_TIMEFRAMES
    }
    return {"1m": minutes, **derived}


def is_closed(candle: Candle) -> bool:
    bucket = CALENDAR.bucket(candle.timeframe, candle.time)
    return bucket is not None and bucket.end_ns <= END_NS


def healed(present: dict[str, list[Candle]], history: list[Candle]) -> Healing:
    return heal(CALENDAR, present=present, history=history, start_ns=START_NS, end_ns=END_NS, through_ns=END_NS)


def applied(present: dict[str, list[Candle]], healing: Healing) -> dict[str, list[Candle]]:
    series = {timeframe: {candle.time: candle for candle in present.get(timeframe, [])} for timeframe in TIMEFRAMES}
    for candle in healing.revisions:
        series[candle.timeframe][candle.time] = candle
    return {timeframe: [candles[time] for time in sorted(candles)] for timeframe, candles in series.items()}


def values(candles: list[Candle]) -> list[tuple[object, ...]]:
    return [(c.time, c.open, c.high, c.low, c.close, c.volume, c.resolve_required) for c in candles]


@given(histories, st.sets(st.integers(0, MINUTES - 1)), st.sets(st.integers(0, MINUTES - 1)))
def test_after_healing_every_timeframe_equals_the_history(
    history: list[Candle], numbers: set[int], wrong: set[int]
) -> None:
    present = seen(history, numbers, wrong)
    result = applied(present, healed(present, history))

    assert values(result["1m"]) == values(history)
    for timeframe in DERIVED_TIMEFRAMES:
        expected = [candle for candle in derive(history, timeframe, CALENDAR) if is_closed(candle)]
        assert values(result[timeframe]) == values(expected)


@given(histories, st.sets(st.integers(0, MINUTES - 1)), st.sets(st.integers(0, MINUTES - 1)))
def test_healing_what_is_healed_changes_nothing(history: list[Candle], numbers: set[int], wrong: set[int]) -> None:
    present = seen(history, numbers, wrong)
    result = applied(present, healed(present, history))
    assert healed(result, history).revisions == ()


def test_minutes_outside_the_gap_are_left_alone() -> None:
    history = [minute(0, 50.0), minute(1, 51.0)]
    gap_end_ns = START_NS + MINUTE_NS - 1
    healing = heal(CALENDAR, present={}, history=history, start_ns=START_NS, end_ns=gap_end_ns, through_ns=END_NS)
    assert [candle.time for candle in healing.revisions if candle.timeframe == "1m"] == [START_NS]


def test_a_minute_that_is_still_open_is_not_touched() -> None:
    healing = heal(
        CALENDAR, present={}, history=[minute(0, 50.0)], start_ns=START_NS, end_ns=END_NS, through_ns=START_NS
    )
    assert healing.revisions == ()
    assert healing.minutes == ()


def test_a_flagged_minute_that_the_provider_does_not_have_is_kept_and_reported() -> None:
    ours = msgspec.structs.replace(minute(3, 50.0), resolve_required=True)
    healing = healed({"1m": [ours]}, [])
    assert healing.unanswered == (ours.time,)
    assert healing.minutes[0].close == ours.close


def test_a_revision_counts_on_from_what_it_replaces() -> None:
    old = msgspec.structs.replace(minute(0, 50.0), revision=2, open_interest=7)
    new = revision_of(old, minute(0, 51.0))
    assert new is not None
    assert (new.state, new.revision, new.open_interest) == (CandleState.REVISED, 3, 7)


def test_equal_candles_need_no_revision() -> None:
    assert revision_of(minute(0, 50.0), minute(0, 50.0)) is None

"""Marks: gaps at the bar before them, heals once for each row of revised bars, and never at a bar that is not there."""

from hypothesis import given
from hypothesis import strategies as st

from engine.market import Calendar, Candle, CandleState
from engine.market.ledger import BucketState, LedgerGap
from engine.market.timeframe import MINUTE_NS
from web.udf import columns, marks_of, timescale

CALENDAR = Calendar.continuous("UTC")
NOON = 1_795_003_200_000_000_000
NOON_S = NOON // 10**9
FINAL, REVISED = CandleState.FINAL, CandleState.REVISED


def bar(minute: int, state: CandleState = FINAL) -> Candle:
    revision = int(state is REVISED)
    return Candle("NSE:TCS", "1m", NOON + minute * MINUTE_NS, 1, 1, 1, 1, 1, None, state, revision, "dhan")


def gap(first: int, end: int, state: BucketState = BucketState.MISSING, reason: str = "missing") -> LedgerGap:
    return LedgerGap(NOON + first * MINUTE_NS, NOON + end * MINUTE_NS, state, reason)


def test_a_gap_is_marked_at_the_bar_before_it_and_one_before_all_bars_at_the_first() -> None:
    gaps = [gap(-3, 0), gap(1, 3), gap(4, 5, BucketState.UNRESOLVABLE, "too old")]
    marks = marks_of([bar(0), bar(3)], gaps, CALENDAR)
    assert [(mark.time - NOON_S, mark.color, mark.label) for mark in marks] == [
        (0, "red", "G"), (0, "red", "G"), (180, "blue", "G")
    ]  # fmt: skip
    assert [mark.text for mark in marks] == [
        "Missing: 2026-11-18 11:57 to 12:00",
        "Missing: 2026-11-18 12:01 to 12:03",
        "Unresolvable: 2026-11-18 12:04 to 12:05 (too old)",
    ]
    assert marks_of([], gaps, CALENDAR) == []


def test_a_row_of_healed_bars_is_one_mark() -> None:
    marks = marks_of([bar(0), bar(1, REVISED), bar(2, REVISED), bar(3), bar(5, REVISED)], [], CALENDAR)
    assert [(mark.time - NOON_S, mark.label, mark.text) for mark in marks] == [
        (60, "H", "Healed from dhan: 2 bars, 2026-11-18 12:01 to 12:03"),
        (300, "H", "Healed from dhan: 1 bar, 2026-11-18 12:05 to 12:06"),
    ]


def test_marks_are_told_as_columns_and_for_the_time_scale_one_by_one() -> None:
    marks = marks_of([bar(0), bar(3, REVISED)], [gap(1, 3)], CALENDAR)
    table = columns(marks)
    assert {len(values) for values in table.values()} == {2}
    assert set(table) == {"id", "time", "color", "text", "label", "labelFontColor", "minSize"}
    assert [mark["tooltip"] for mark in timescale(marks)] == [[text] for text in table["text"]]
    assert set(timescale(marks)[0]) == {"id", "time", "color", "label", "tooltip"}


@given(
    bars=st.dictionaries(st.integers(0, 60), st.sampled_from([FINAL, REVISED])),
    gaps=st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9))),
)
def test_every_mark_stands_at_a_bar_that_is_there_and_has_an_id_of_its_own(
    bars: dict[int, CandleState], gaps: list[tuple[int, int]]
) -> None:
    candles = [bar(minute, state) for minute, state in sorted(bars.items())]
    told = {first: gap(first, first + length) for first, length in gaps}
    marks = marks_of(candles, told.values(), CALENDAR)
    assert {mark.time for mark in marks} <= {candle.time // 10**9 for candle in candles}
    assert len({mark.id for mark in marks}) == len(marks)
    assert [mark.time for mark in marks] == sorted(mark.time for mark in marks)
    assert sum(mark.label == "G" for mark in marks) == (len(told) if candles else 0)

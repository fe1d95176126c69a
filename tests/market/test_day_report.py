"""The report of a day: breadth and lists, counted from each instrument's figures."""

from datetime import date

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from engine.market.day_report import SHOWN, ReportRow, breadth, day_report

DAY = date(2026, 11, 20)


def row(name: str, change: float | None = None, **figures: float | str | None) -> ReportRow:
    plain = ReportRow(
        instrument=f"NSE:{name}", date=DAY, close=100.0, volume=10, high=101.0, low=99.0, return_1d=change
    )
    return msgspec.structs.replace(plain, **figures)


def test_breadth_counts_what_rose_and_fell_and_leaves_out_what_nobody_knows() -> None:
    found = breadth([row("A", 1.0), row("B", 2.0), row("C", -1.0), row("D", 0.0), row("E")])
    assert (found.advances, found.declines, found.unchanged, found.ratio) == (2, 1, 1, 2.0)
    assert breadth([row("A", 1.0)]).ratio is None


def test_a_new_high_needs_a_year() -> None:
    young = row("A", high_52w=101.0, low_52w=99.0)
    high = row("B", return_252d=5.0, high_52w=101.0, low_52w=80.0)
    low = row("C", return_252d=-5.0, high_52w=140.0, low_52w=99.0)
    found = breadth([young, high, low])
    assert (found.new_highs, found.new_lows, found.counted_highs) == (1, 1, 2)


def test_lists_are_of_the_greatest_and_hold_nobody_whose_figure_is_not_known() -> None:
    rows = [row("UP", 3.0), row("DOWN", -2.0), row("NONE"), row("FLAT", 0.0), row("TOP", 9.0, oi_change=-50)]
    found = day_report("NSE", "equity", DAY, rows)
    assert [(one.instrument, one.value) for one in found.gainers] == [("NSE:TOP", 9.0), ("NSE:UP", 3.0)]
    assert [(one.instrument, one.value) for one in found.losers] == [("NSE:DOWN", -2.0)]
    assert [(one.instrument, one.value) for one in found.unwound] == [("NSE:TOP", -50)]
    assert found.built == found.busiest == found.delivered == ()


def test_what_moved_too_far_is_named_as_perhaps_a_split_the_farthest_first() -> None:
    rows = [row("SPLIT", -80.0, is_doubtful=True), row("KNOWN", 60.0), row("BONUS", -50.0, is_doubtful=True)]
    found = day_report("NSE", "equity", DAY, rows)
    assert [(one.instrument, one.value) for one in found.perhaps_split] == [("NSE:SPLIT", -80.0), ("NSE:BONUS", -50.0)]


def test_the_report_says_of_how_many_the_delivery_is_known() -> None:
    rows = [row("A", delivery_percentage=0.0), row("B")]
    assert day_report("NSE", "equity", DAY, rows).delivery_reported == 1


def test_an_empty_day_has_no_median_and_a_day_of_two_the_mean_of_both() -> None:
    assert day_report("NSE", "equity", DAY, []).volatility is None
    rows = [row("A", realised_volatility=20.0, source="dhan/official"), row("B", realised_volatility=30.0), row("C")]
    found = day_report("NSE", "equity", DAY, rows)
    assert (found.volatility, found.official, found.instruments) == (25.0, 1, 3)


@given(changes=st.lists(st.none() | st.floats(-20, 20), max_size=40))
def test_everybody_who_is_known_counts_once(changes: list[float | None]) -> None:
    rows = [row(f"S{number:02}", change) for number, change in enumerate(changes)]
    found = day_report("NSE", "equity", DAY, rows)
    known = [change for change in changes if change is not None]
    told = found.breadth
    assert told.advances + told.declines + told.unchanged == len(known)
    assert len(found.gainers) == min(SHOWN, told.advances)
    assert [one.value for one in found.losers] == sorted(change for change in known if change < 0)[:SHOWN]

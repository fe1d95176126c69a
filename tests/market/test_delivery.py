"""The exchange's report of a day: read by its columns' names, and refused with a sentence when it is something else."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market.delivery import Reported, ReportError, parse_report

DAY = date(2026, 11, 20)
HEAD = (
    "SYMBOL, SERIES, DATE1, PREV_CLOSE, OPEN_PRICE, HIGH_PRICE, LOW_PRICE, LAST_PRICE, CLOSE_PRICE, AVG_PRICE, "
    "TTL_TRD_QNTY, TURNOVER_LACS, NO_OF_TRADES, DELIV_QTY, DELIV_PER"
)


def row(symbol: str, series: str, previous: str, delivered: str, day: str = "20-Nov-2026") -> str:
    return f"{symbol}, {series}, {day}, {previous}, 1, 1, 1, 1, 1, 1, 10, 1, 1, 5, {delivered}"


def report(*rows: str) -> str:
    return "\n".join([HEAD, *rows]) + "\n"


def test_delivery_and_previous_close_are_read_by_symbol() -> None:
    text = report(row("TCS", "EQ", "3100.05", "61.20"), row("INFY", "EQ", "1500", "48.7"))
    assert parse_report(text, DAY) == [Reported("INFY", 48.7, 1500.0), Reported("TCS", 61.2, 3100.05)]


def test_a_symbol_in_several_series_is_the_share_and_not_its_bond() -> None:
    rows = [row("A", "N5", "1000", "100"), row("A", "BE", "11", "100"), row("A", "EQ", "10", "40")]
    for order in (rows, rows[::-1]):
        assert parse_report(report(*order), DAY) == [Reported("A", 40.0, 10.0)]


def test_a_dash_is_no_number_and_what_is_no_percentage_is_none() -> None:
    text = report(row("A", "EQ", "-", "-"), row("B", "EQ", "10", "140"))
    assert parse_report(text, DAY) == [Reported("A", None, None), Reported("B", None, 10.0)]


def test_columns_may_stand_in_any_order() -> None:
    text = "DELIV_PER,DATE1,SERIES,SYMBOL\n55.5,20-Nov-2026,EQ,A\n"
    assert parse_report(text, DAY) == [Reported("A", 55.5)]


def test_another_day_or_no_report_at_all_is_refused() -> None:
    with pytest.raises(ReportError, match="tells nothing of shares on 2026-11-20"):
        parse_report(report(row("A", "EQ", "10", "40", day="19-Nov-2026")), DAY)
    with pytest.raises(ReportError, match="DELIV_PER was not there"):
        parse_report("SYMBOL,SERIES,DATE1\nA,EQ,20-Nov-2026\n", DAY)


@given(text=st.text(max_size=300) | st.text(max_size=200).map(lambda tail: f"{HEAD}\n{tail}"))
def test_whatever_stands_in_it_is_read_or_refused(text: str) -> None:
    try:
        found = parse_report(text, DAY)
    except ReportError:
        return
    assert all(one.delivery_percentage is None or 0 <= one.delivery_percentage <= 100 for one in found)

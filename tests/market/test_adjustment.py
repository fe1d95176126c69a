"""Adjustment: cumulative factors reach backwards, today stays as it is, and what a provider worked in is not done again."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market import Candle
from engine.market.adjustment import Adjuster, Adjustment
from engine.market.corporate_action import ActionKind, CloseBefore, CorporateAction, KnownAction

ZONE = ZoneInfo("Asia/Kolkata")
MARCH, JUNE, SEPTEMBER = date(2026, 3, 2), date(2026, 6, 1), date(2026, 9, 1)
TODAY = date(2026, 11, 20)


def ns(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, 6, tzinfo=UTC).timestamp()) * 10**9


def split(ex_date: date, ratio: float, kind: ActionKind = ActionKind.SPLIT) -> KnownAction:
    return KnownAction(CorporateAction(instrument="NSE:A", ex_date=ex_date, kind=kind, ratio=ratio))


def dividend(ex_date: date, amount: float, before: CloseBefore | None) -> KnownAction:
    return KnownAction(
        CorporateAction(instrument="NSE:A", ex_date=ex_date, kind=ActionKind.DIVIDEND, amount=amount), before
    )


def candle(day: date, price: float, volume: int, source: str = "dhan", read_on: date | None = None) -> Candle:
    return Candle(
        "NSE:A", "1d", ns(day), price, price, price, price, volume, source=source, published_ns=ns(read_on or day)
    )


def shown(known: list[KnownAction], one: Candle, day: date, adjustment: Adjustment = Adjustment.ALL) -> Candle:
    return Adjuster(known, adjustment, TODAY, ZONE).adjusted(one, day)


ACTIONS = [
    split(MARCH, 5),
    dividend(JUNE, 4.0, CloseBefore(date(2026, 5, 29), 200.0, "dhan", ns(date(2026, 5, 29)))),
    split(SEPTEMBER, 2, ActionKind.BONUS),
]


@pytest.mark.parametrize(
    ("adjustment", "price", "volume"),
    [("raw", 1000.0, 100), ("split", 100.0, 1000), ("dividend", 980.0, 100), ("all", 98.0, 1000)],
)
def test_a_price_before_all_of_them_bears_all_factors(adjustment: str, price: float, volume: int) -> None:
    one = shown(ACTIONS, candle(date(2026, 1, 5), 1000.0, 100), date(2026, 1, 5), Adjustment(adjustment))
    assert (one.open, one.high, one.low, one.close, one.volume) == (price, price, price, price, volume)


def test_a_factor_holds_before_its_ex_date_and_not_on_it() -> None:
    adjuster = Adjuster(ACTIONS, Adjustment.SPLIT, TODAY, ZONE)
    assert adjuster.factors(date(2026, 2, 27)) == (0.1, 10)
    assert adjuster.factors(MARCH) == adjuster.factors(date(2026, 8, 31)) == (0.5, 2)
    assert adjuster.factors(SEPTEMBER) == adjuster.factors(TODAY) == (1, 1)


def test_what_is_only_announced_changes_nothing_before_its_day() -> None:
    announced = [split(date(2026, 11, 21), 10)]
    assert shown(announced, candle(TODAY, 50.0, 7), TODAY) == candle(TODAY, 50.0, 7)
    tomorrow = Adjuster(announced, Adjustment.ALL, date(2026, 11, 21), ZONE)
    assert tomorrow.factors(TODAY) == (0.1, 10)


@pytest.mark.parametrize("provider", ["yahoo", "kite"])
def test_splits_that_a_provider_had_worked_in_are_not_worked_in_again(provider: str) -> None:
    """A row of January, read in July, knows of March's split and not of September's bonus."""
    january = date(2026, 1, 5)
    for source in (provider, f"{provider}/official"):
        one = shown(ACTIONS, candle(january, 200.0, 500, source, read_on=date(2026, 7, 1)), january)
        assert (one.close, one.volume) == (98.0, 1000)
    made_of_ticks = candle(january, 1000.0, 100, f"{provider}/ticks", read_on=date(2026, 7, 1))
    assert shown(ACTIONS, made_of_ticks, january).close == 98.0


@pytest.mark.parametrize("provider", ["yahoo", "kite"])
def test_a_dividend_is_measured_against_what_was_paid_for_the_share_then(provider: str) -> None:
    """The close before it, read in October, is half of what was traded: the bonus of September is in it."""
    read_late = CloseBefore(date(2026, 5, 29), 100.0, provider, ns(date(2026, 10, 1)))
    adjuster = Adjuster([dividend(JUNE, 4.0, read_late), ACTIONS[2]], Adjustment.DIVIDEND, TODAY, ZONE)
    assert adjuster.factors(date(2026, 5, 29)) == (pytest.approx(0.98), 1)


@pytest.mark.parametrize("close", [None, 4.0, 3.0])
def test_a_dividend_that_can_not_be_measured_is_named_and_left_out(close: float | None) -> None:
    known = dividend(JUNE, 4.0, None if close is None else CloseBefore(date(2026, 5, 29), close, "dhan", 0))
    adjuster = Adjuster([known], Adjustment.ALL, TODAY, ZONE)
    assert (adjuster.unknown, adjuster.factors(MARCH)) == ((known.action,), (1, 1))
    assert Adjuster([known], Adjustment.SPLIT, TODAY, ZONE).unknown == ()


PAST = st.dates(date(2020, 1, 1), TODAY)


@given(st.lists(st.tuples(PAST, st.sampled_from([0.1, 0.5, 1.5, 2, 3, 10])), max_size=5), PAST)
def test_the_value_traded_stays_the_same_and_today_is_as_it_is(splits: list[tuple[date, float]], day: date) -> None:
    adjuster = Adjuster([split(*one) for one in splits], Adjustment.SPLIT, TODAY, ZONE)
    price, volume = adjuster.factors(day)
    assert price * volume == pytest.approx(1)
    assert adjuster.factors(TODAY) == (1, 1)

"""Which bars of a provider may heal: sound ones, and long wicks only when they are told twice."""

import msgspec
import pytest

from engine.market import Calendar, Candle, Limit, Limits, heal
from engine.market.sieve import BarSieve, Sifted
from tests.market.builders import MINUTE, at, minute

LIMITS = Limits(jump=Limit(points=15.0), wick=Limit(points=10.0))
NINE = at("2025-11-03 09:30")


def sifted(sieve: BarSieve, nse: Calendar, *bars: Candle, young_ns: int = NINE) -> Sifted:
    return sieve.sift(bars, LIMITS, 0.05, nse, young_ns=young_ns)


def wicked(time_ns: int = NINE, *, high: float = 130.0) -> Candle:
    return msgspec.structs.replace(minute(time_ns), high=high)


def test_sound_bars_pass_in_their_order(nse: Calendar) -> None:
    bars = [minute(NINE), minute(NINE + MINUTE)]
    assert sifted(BarSieve(), nse, *bars) == Sifted(bars)


@pytest.mark.parametrize("wrong", [{"high": 99.0}, {"low": 101.0}, {"close": float("nan")}, {"volume": -5}])
def test_a_bar_that_contradicts_itself_is_refused_with_its_reason(nse: Calendar, wrong: dict[str, float]) -> None:
    good, bad = minute(NINE), msgspec.structs.replace(minute(NINE + MINUTE), **wrong)
    found = sifted(BarSieve(), nse, good, bad)
    assert found.sound == [good]
    [finding] = found.refused
    assert finding.bar is bad
    assert finding.reason


def test_a_bar_that_begins_within_a_minute_is_refused(nse: Calendar) -> None:
    assert len(sifted(BarSieve(), nse, minute(NINE + MINUTE // 2)).refused) == 1


def test_a_bar_of_no_session_falls_through_without_a_word(nse: Calendar) -> None:
    assert not sifted(BarSieve(), nse, minute(at("2025-11-03 09:05"))).refused


def test_a_long_wick_is_doubted_and_believed_when_it_is_told_again(nse: Calendar) -> None:
    sieve = BarSieve()
    first, again = sifted(sieve, nse, wicked()), sifted(sieve, nse, wicked())
    assert (first.sound, len(first.doubted)) == ([], 1)
    assert (again.sound, len(again.confirmed)) == ([wicked()], 1)


def test_a_wick_that_is_gone_at_the_second_look_was_none(nse: Calendar) -> None:
    sieve = BarSieve()
    sifted(sieve, nse, wicked())
    assert sifted(sieve, nse, minute(NINE)).sound == [minute(NINE)]
    sifted(sieve, nse, wicked(NINE + MINUTE))
    assert sifted(sieve, nse, wicked(NINE + MINUTE, high=140.0)).sound == []


def test_what_is_settled_history_is_looked_at_once(nse: Calendar) -> None:
    assert sifted(BarSieve(), nse, wicked(), young_ns=NINE + 1).sound == [wicked()]


def test_a_minute_of_ours_that_can_not_be_true_counts_as_not_there(nse: Calendar) -> None:
    broken = msgspec.structs.replace(minute(NINE), high=float("nan"))
    good = minute(NINE + MINUTE)
    bounds = {"start_ns": NINE, "end_ns": NINE + 2 * MINUTE - 1, "through_ns": NINE + 5 * MINUTE}
    healing = heal(nse, present={"1m": [broken, good]}, history=[good], **bounds)
    assert healing.unanswered == (NINE,)
    assert healing.minutes == (good,)
    healing = heal(nse, present={"1m": [broken, good]}, history=[minute(NINE), good], **bounds)
    assert healing.unanswered == ()
    assert (healing.revisions[0].high, healing.revisions[0].revision) == (101.0, 1)

"""The past of a rule: of minutes that nobody watched what was certainly reached is told, and nothing that may not have been."""

from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from engine.market.alert_past import look_back
from engine.market.alert_rule import ABOVE, BELOW, MINUTE_NS, TOLD, AlertRule, PriceCondition, Seen, Standing
from engine.market.candle import Candle

ZONE = ZoneInfo("Asia/Kolkata")
NOON = 1_795_069_800 * 10**9


def rule(comparison: Any, side: int | None, seen: Seen | None = None) -> AlertRule:
    condition = PriceCondition(instrument="NSE:A", comparison=comparison, value=100.0)
    values: dict[str, Any] = {"once": False, "cool_down_s": 0, "hysteresis_percent": 1.0, "revision": 0}
    return AlertRule(id=1, owner="u", name="", condition=condition, standing=Standing(side, seen=seen), **values)


def minute(bar: tuple[float, float, float, float], number: int = 0) -> Candle:
    return Candle("NSE:A", "1m", NOON + number * MINUTE_NS, *bar, volume=1)


@pytest.mark.parametrize(
    ("comparison", "side", "bar", "value", "stands"),
    [
        ("above", BELOW, (99, 101, 98, 99), 101, TOLD),
        ("above", BELOW, (99, 101, 98, 98.5), 101, BELOW),
        ("above", BELOW, (99, 99.9, 98, 99), None, BELOW),
        ("above", TOLD, (101, 102, 98, 99.5), None, BELOW),
        ("above", TOLD, (101, 102, 98, 101), 101, TOLD),
        ("below", ABOVE, (101, 102, 99, 101), 99, TOLD),
        ("crosses", None, (99, 101, 99, 101), 101, TOLD),
        ("crosses", TOLD, (100.9, 100.9, 97.9, 97.9), None, BELOW),
        ("crosses", TOLD, (100, 102, 98, 100), 102, TOLD),
    ],
)
def test_a_minute_tells_what_was_certainly_reached(
    comparison: str, side: int | None, bar: tuple[float, float, float, float], value: float | None, stands: int
) -> None:
    standing, look = look_back(rule(comparison, side), [minute(bar)], ZONE)
    assert (look and look.value, standing.side) == (value, stands)


def test_it_says_of_which_minute_it_is_and_tells_the_first() -> None:
    bars = [minute((99, 99, 98, 98)), minute((98, 101, 98, 98), 3), minute((98, 103, 98, 98), 5)]
    _, look = look_back(rule("above", BELOW), bars, ZONE)
    assert look is not None
    assert look.words == "NSE:A rose to 100 on 2026-11-19 at 12:03 IST while it was not watched: it got to 101"


@pytest.mark.parametrize(("high", "is_told"), [(101.0, False), (101.5, True)])
def test_of_the_minute_it_was_put_before_only_what_is_beyond_that_is_news(high: float, is_told: bool) -> None:
    seen = Seen(NOON, 101.0, 98.0)
    before = minute((99, 105, 98, 99), -1)
    _, look = look_back(rule("above", BELOW, seen), [before, minute((99, high, 98, 98.5))], ZONE)
    assert (look is not None) is is_told


def test_what_it_was_put_before_goes_on_from_there() -> None:
    standing, _ = look_back(rule("above", BELOW), [minute((99, 99.5, 98, 99))], ZONE)
    assert standing.seen == Seen(NOON, 99.5, 98)
    again, look = look_back(
        msgspec.structs.replace(rule("above", BELOW), standing=standing), [minute((99, 100.5, 98, 99))], ZONE
    )
    assert look is not None
    assert again.seen == Seen(NOON, 100.5, 98)

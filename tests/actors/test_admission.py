"""An operator's word on a closed minute: it is revised with all that is made of it, whatever day it is of."""

from typing import Any

import pytest

from engine.market import Candle
from tests.actors.healing_parts import DAY_NS, Provider, ward
from tests.actors.parts import MINUTE_NS, NOON, SECOND_NS, candle, tick

START = NOON - 60 * MINUTE_NS
DAYS = pytest.mark.parametrize("opens_ns", [START - DAY_NS, START - 30 * DAY_NS])
"""Yesterday, and what Redis no longer keeps."""


def hour(start_ns: int) -> list[Candle]:
    return [candle(start_ns + number * MINUTE_NS, 10.0, 5) for number in range(60)]


def shape(one: Candle) -> tuple[float, float, float, float, int, int]:
    return one.open, one.high, one.low, one.close, one.volume, one.revision


async def test_today_goes_through_the_instrument(autojump_clock: Any) -> None:
    async with ward(one=Provider()) as place:
        await place.hot.write_candles(hour(START))
        await place.healer.admit(tick(START + 90 * SECOND_NS, 13.0, 100))
        [heal] = place.heals()
        [minute] = [one for one in heal.revisions if one.timeframe == "1m"]
        assert minute.time == START + MINUTE_NS
        assert shape(minute) == (10.0, 13.0, 10.0, 10.0, 5, 1)
        assert {one.high for one in heal.revisions} == {13.0}
        assert "5m" in {one.timeframe for one in heal.revisions}


@DAYS
async def test_a_day_that_is_over_is_revised_without_it(autojump_clock: Any, opens_ns: int) -> None:
    async with ward(one=Provider()) as place:
        await place.durable.save(hour(opens_ns))
        await place.healer.admit(tick(opens_ns + 90 * SECOND_NS, 7.0, 100))
        told = {one.timeframe: one for one in await place.revisions()}
        assert shape(told["1m"]) == (10.0, 10.0, 7.0, 10.0, 5, 1)
        assert (told["5m"].low, told["1h"].low) == (7.0, 7.0)
        assert place.instrument == []


async def test_a_minute_that_only_this_tick_traded_in_is_made_of_it(autojump_clock: Any) -> None:
    async with ward(one=Provider()) as place:
        await place.healer.admit(tick(START - DAY_NS, 13.0, 100))
        [minute] = [one for one in await place.revisions() if one.timeframe == "1m"]
        assert shape(minute) == (13.0, 13.0, 13.0, 13.0, 1, 1)


async def test_a_price_within_the_minutes_range_changes_nothing(autojump_clock: Any) -> None:
    async with ward(one=Provider()) as place:
        await place.hot.write_candles(hour(START - DAY_NS))
        await place.healer.admit(tick(START - DAY_NS, 10.0, 100))
        assert [one for one in await place.revisions() if one.timeframe == "1m"] == []

"""An operator's word on a closed minute: it is revised with all that is made of it, whatever day it is of."""

from typing import Any

import pytest

from actors.healer import MOST_ADMISSIONS, UnsettledError
from actors.messages import Decide
from actors.overruling import OverruleError, Overruling
from engine.market import Candle, Suspect
from engine.market.quarantine import Fate, Quarantined
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


async def test_an_instrument_whose_minutes_close_all_the_time_is_asked_a_few_times_and_no_more(
    autojump_clock: Any,
) -> None:
    async with ward(agrees=False, one=Provider()) as place:
        await place.hot.write_candles(hour(START))
        with pytest.raises(UnsettledError):
            await place.healer.admit(tick(START + 90 * SECOND_NS, 13.0, 100))
        assert len(place.heals()) == MOST_ADMISSIONS
        assert await place.revisions() == []


async def test_what_can_not_be_admitted_now_stays_as_it_was_for_the_operator_to_decide_again(
    autojump_clock: Any,
) -> None:
    async with ward(agrees=False, one=Provider()) as place:
        suspect = Suspect(tick(START + 90 * SECOND_NS, 13.0, 100), 10.0, 0.5)
        await place.durable.note_quarantined([Quarantined.of_tick(suspect, Fate.DISCARDED, "ticks")])
        [entry] = await place.durable.quarantined()
        overruling = Overruling(place.durable, place.routes, place.healer, resolver=place.resolver)
        with pytest.raises(OverruleError, match="Try again later") as refused:
            await overruling.carry_out(Decide(entry.id, Fate.RELEASED, "admin"))
        assert refused.value.code == 503
        assert [one.status for one in await place.durable.quarantined()] == [Fate.DISCARDED]

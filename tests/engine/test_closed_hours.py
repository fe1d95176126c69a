"""While its exchange is closed a feed is silent, which nobody takes for a fault and no connection is spent on."""

from typing import Any

import pytest
import trio

from engine.market import Calendar
from engine.market.diagnosis import Cause
from engine.providers.simulator.options import SimulatorOptions
from tests.engine.conftest import Stores
from tests.engine.harness import at, until, whole_engine
from tests.engine.silences import PACE, SPEED, becomes, causes, connections, is_told
from tests.market.lunch import DAY_NS, WITH_LUNCH

SYMBOL = "NSE:RELIANCE"


@pytest.fixture
def with_lunch(monkeypatch: pytest.MonkeyPatch) -> None:
    def calendar(code: str) -> dict[str, Any]:
        return {**WITH_LUNCH, "code": code}

    monkeypatch.setattr("engine.boot.load_calendar", calendar)


async def test_lunch_and_night_cost_no_connection(stores: Stores, with_lunch: None) -> None:
    options = SimulatorOptions(instruments=5, ticks_per_second=5, calendar=Calendar.parse(WITH_LUNCH))
    clock = at("11:29:00", speed=SPEED, day_ns=DAY_NS)
    async with whole_engine(stores, clock, options=options, pace=PACE, around_the_clock=False) as bench:
        await until(becomes(bench, SYMBOL, Cause.CLOSED))
        await trio.sleep(12)
        assert set((await causes(bench)).values()) == {Cause.CLOSED}
        await until(is_told(bench, SYMBOL, ("closed", Cause.CLOSED)))
        assert connections(bench) == 1


async def test_at_night_no_feed_is_connected_at_all(stores: Stores, with_lunch: None) -> None:
    options = SimulatorOptions(instruments=5, ticks_per_second=5, calendar=Calendar.parse(WITH_LUNCH))
    clock = at("17:00:00", speed=SPEED, day_ns=DAY_NS)
    async with whole_engine(stores, clock, options=options, pace=PACE, around_the_clock=False) as bench:
        await until(becomes(bench, SYMBOL, Cause.CLOSED))
        await trio.sleep(3)
        assert await bench.statuses() == ["closed"]
        assert connections(bench) == 0

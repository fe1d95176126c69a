"""Silence told apart by a whole engine on real sockets: what ails a symbol, what it is found to have, and what that costs."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import trio

from actors.pace import Pace
from engine.market import Calendar
from engine.market.diagnosis import Cause
from engine.providers.simulator.options import SimulatorOptions
from engine.storage.packing import unpack
from tests.engine.conftest import Stores
from tests.engine.harness import MIDNIGHT, Bench, at, until, whole_engine
from tests.market.lunch import DAY_NS, WITH_LUNCH

SPEED = 20.0
PACE = Pace(silence_floor_s=2.0)
"""In real time, as a feed's own floor is."""
OPTIONS = SimulatorOptions(instruments=12, ticks_per_second=6)
HALTED, LOST, RETIRED, LIVE, RARE = "NSE:RELIANCE", "NSE:TCS", "NSE:HDFCBANK", "NSE:INFY", "NSE:ITC"


async def causes(bench: Bench) -> dict[str, Cause]:
    """What is kept for those that come late."""
    return {name: Cause(told["cause"]) for name, told in (await bench.hot.statuses()).items()}


async def told(bench: Bench, symbol: str) -> list[tuple[str, Cause]]:
    """What those who listened have heard of a symbol, one after the other."""
    events: list[dict[str, Any]] = [unpack(data) for _, data in await bench.hot.read_events("0-0", 10_000)]
    return [
        (event["status"], Cause(event["cause"]))
        for event in events
        if event["kind"] == "status" and symbol in event.get("symbols", ())
    ]


def connections(bench: Bench) -> int:
    return bench.simulator.exchange.statistics().connections


def becomes(bench: Bench, symbol: str, cause: Cause) -> Callable[[], Any]:
    async def has_become() -> bool:
        return (await causes(bench)).get(symbol) is cause

    return has_become


def is_told(bench: Bench, symbol: str, what: tuple[str, Cause]) -> Callable[[], Any]:
    async def was_last() -> bool:
        return (await told(bench, symbol))[-1] == what

    return was_last


async def warmed_up(bench: Bench) -> None:
    """All have been heard long enough for their pace to be known."""
    await until(becomes(bench, LIVE, Cause.LIVE))
    await trio.sleep(10)
    assert set((await causes(bench)).values()) <= {Cause.LIVE, Cause.QUIET}


async def test_halted_lost_retired_and_illiquid_are_told_apart_and_none_costs_a_connection(stores: Stores) -> None:
    options = msgspec.structs.replace(OPTIONS, faults=f"illiquid:{RARE}@0+600")
    async with whole_engine(stores, at("00:07:20", speed=SPEED), options=options, pace=PACE) as bench:
        await warmed_up(bench)
        bench.plan(f"halt:{HALTED}+600,lose:{LOST}")
        await until(becomes(bench, HALTED, Cause.HALTED))
        await until(becomes(bench, LOST, Cause.LIVE))  # subscribed once more
        assert ("stale", Cause.SUBSCRIPTION_LOST) in await told(bench, LOST)
        assert {cause for _, cause in await told(bench, LIVE)} <= {Cause.DISCONNECTED, Cause.LIVE}
        await bench.exam.agree(MIDNIGHT)  # what the lost subscription missed is healed
        bench.plan(f"retire:{RETIRED}")
        await until(becomes(bench, RETIRED, Cause.MAPPING_DEAD))
        await until(is_told(bench, RETIRED, ("unmapped", Cause.MAPPING_DEAD)))
        found = await causes(bench)
        assert (found[HALTED], found[LIVE]) == (Cause.HALTED, Cause.LIVE)
        assert found[RARE] in (Cause.LIVE, Cause.QUIET)
        assert (await bench.hot.heartbeat() or {})["causes"]["live"] >= 8
        assert connections(bench) == 1
        beat = await bench.hot.heartbeat() or {}
        assert beat["causes"]["mapping_dead"] == 1


async def test_a_stall_is_found_within_three_expected_intervals_and_cured(stores: Stores) -> None:
    async with whole_engine(stores, at("00:07:20", speed=SPEED), options=OPTIONS, pace=PACE) as bench:

        async def has_been_stale() -> bool:
            return "stale" in await bench.statuses()

        await warmed_up(bench)
        bench.plan("stall+600")
        await until(has_been_stale)  # 6 s to the millisecond, on virtual time: test_feed.py
        await until(lambda: connections(bench) == 2)
        bench.simulator.exchange.faults.clear()
        await until(becomes(bench, LIVE, Cause.LIVE))
        assert 2 <= connections(bench) <= 3  # the stall went on for a while
        await bench.exam.agree(MIDNIGHT)


async def test_a_market_wide_halt_is_no_stall(stores: Stores) -> None:
    async with whole_engine(stores, at("00:07:20", speed=SPEED), options=OPTIONS, pace=PACE) as bench:
        await warmed_up(bench)
        bench.plan("halt+18")
        await until(becomes(bench, LIVE, Cause.HALTED))
        assert connections(bench) == 1
        await until(becomes(bench, LIVE, Cause.LIVE))
        assert connections(bench) == 1


async def test_a_dead_token_is_a_state_and_no_storm(stores: Stores) -> None:
    async with whole_engine(stores, at("00:07:20", speed=SPEED), options=OPTIONS, pace=PACE) as bench:
        await until(becomes(bench, LIVE, Cause.LIVE))
        bench.plan("refuse=401+60,close")
        await until(becomes(bench, LIVE, Cause.TOKEN_DEAD))
        await trio.sleep(5)
        assert set((await causes(bench)).values()) == {Cause.TOKEN_DEAD}
        await until(is_told(bench, LIVE, ("stale", Cause.TOKEN_DEAD)))
        assert connections(bench) == 1


async def test_illiquid_symbols_are_quiet_and_cost_no_connection(stores: Stores) -> None:
    options = SimulatorOptions(instruments=3, ticks_per_second=0.01)
    async with whole_engine(stores, at("00:07:20"), options=options, pace=PACE) as bench:
        await until(lambda: connections(bench) == 1)
        await trio.sleep(22)
        assert Cause.QUIET in (await causes(bench)).values()
        assert set((await causes(bench)).values()) <= {Cause.LIVE, Cause.QUIET}
        assert connections(bench) == 1


@pytest.fixture
def with_lunch(monkeypatch: pytest.MonkeyPatch) -> None:
    def calendar(code: str) -> dict[str, Any]:
        return {**WITH_LUNCH, "code": code}

    monkeypatch.setattr("engine.boot.load_calendar", calendar)


async def test_lunch_and_night_cost_no_connection(stores: Stores, with_lunch: None) -> None:
    options = SimulatorOptions(instruments=5, ticks_per_second=5, calendar=Calendar.parse(WITH_LUNCH))
    clock = at("11:29:00", speed=SPEED, day_ns=DAY_NS)
    async with whole_engine(stores, clock, options=options, pace=PACE, around_the_clock=False) as bench:
        await until(becomes(bench, HALTED, Cause.CLOSED))
        await trio.sleep(12)
        assert set((await causes(bench)).values()) == {Cause.CLOSED}
        await until(is_told(bench, HALTED, ("closed", Cause.CLOSED)))
        assert connections(bench) == 1


async def test_at_night_no_feed_is_connected_at_all(stores: Stores, with_lunch: None) -> None:
    options = SimulatorOptions(instruments=5, ticks_per_second=5, calendar=Calendar.parse(WITH_LUNCH))
    clock = at("17:00:00", speed=SPEED, day_ns=DAY_NS)
    async with whole_engine(stores, clock, options=options, pace=PACE, around_the_clock=False) as bench:
        await until(becomes(bench, HALTED, Cause.CLOSED))
        await trio.sleep(3)
        assert await bench.statuses() == ["closed"]
        assert connections(bench) == 0

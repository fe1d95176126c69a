"""Silence told apart by a whole engine on real sockets: what ails a symbol, what it is found to have, and what that costs."""

import msgspec
import trio

from engine.market.diagnosis import Cause
from engine.providers.simulator.options import SimulatorOptions
from tests.engine.conftest import Stores
from tests.engine.harness import MIDNIGHT, at, until, whole_engine
from tests.engine.silences import LIVE, OPTIONS, PACE, SPEED, becomes, causes, connections, is_told, told, warmed_up

HALTED, LOST, RETIRED, RARE = "NSE:RELIANCE", "NSE:TCS", "NSE:HDFCBANK", "NSE:ITC"


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


async def test_illiquid_symbols_are_quiet_and_cost_no_connection(stores: Stores) -> None:
    options = SimulatorOptions(instruments=3, ticks_per_second=0.01)
    async with whole_engine(stores, at("00:07:20"), options=options, pace=PACE) as bench:
        await until(lambda: connections(bench) == 1)
        await trio.sleep(22)
        assert Cause.QUIET in (await causes(bench)).values()
        assert set((await causes(bench)).values()) <= {Cause.LIVE, Cause.QUIET}
        assert connections(bench) == 1

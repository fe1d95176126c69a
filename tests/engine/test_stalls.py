"""A whole feed that says nothing: it stalls, its market halts or its token is dead, and only the first needs a new line."""

import trio

from engine.market.diagnosis import Cause
from tests.engine.conftest import Stores
from tests.engine.harness import MIDNIGHT, at, until, whole_engine
from tests.engine.silences import LIVE, OPTIONS, PACE, SPEED, becomes, causes, connections, is_told, warmed_up


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

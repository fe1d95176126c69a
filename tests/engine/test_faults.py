"""Whatever happens between exchange and engine, afterwards the candles are the exchange's own."""

import pytest
import trio

from engine.providers.simulator.options import SimulatorOptions
from tests.engine.conftest import Stores
from tests.engine.harness import MIDNIGHT, at, whole_engine

OPTIONS = SimulatorOptions(instruments=20, ticks_per_second=10)


@pytest.mark.parametrize(
    "fault", ["close", "freeze+3", "stall+3", "corrupt=0.5+2", "duplicate+3", "reorder+3", "disconnect=805"]
)
async def test_after_a_fault_of_the_line_all_candles_are_the_exchanges_own(stores: Stores, fault: str) -> None:
    async with whole_engine(stores, at("00:07:20", speed=20), options=OPTIONS) as bench:
        await trio.sleep(3)
        bench.plan(fault)
        await trio.sleep(3)
        assert await bench.agree(MIDNIGHT) > 20 * 7

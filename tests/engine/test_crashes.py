"""An actor crashes, its supervisor restarts it, and nothing is lost."""

import pytest
import trio

from engine.providers.simulator.options import SimulatorOptions
from tests.engine.conftest import Stores
from tests.engine.harness import MIDNIGHT, at, until, whole_engine

OPTIONS = SimulatorOptions(instruments=12, ticks_per_second=6)


@pytest.mark.parametrize(
    "name",
    [
        "feeds/simulator",
        "instruments/NSE:RELIANCE",
        "candle_writer",
        "publisher",
        "broadcaster",
        "persister",
        "resolver",
        "provider_manager",
    ],
)
async def test_a_crashed_actor_is_restarted_and_nothing_is_lost(stores: Stores, name: str) -> None:
    async with whole_engine(stores, at("00:07:20", speed=20), options=OPTIONS) as bench:
        await trio.sleep(2.5)
        bench.crash(name)
        await until(lambda: bench.restarts(name) == 1)
        await bench.agree(MIDNIGHT)
        assert bench.restarts(name) == 1
        others = [child for child in bench.system.snapshot().children if child.path != f"/engine/{name}"]
        assert [child.path for child in others if child.restarts] == []

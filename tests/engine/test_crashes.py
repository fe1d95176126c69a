"""An actor crashes, its supervisor restarts it, and nothing is lost."""

import random

import trio

from engine.providers.simulator.options import SimulatorOptions
from engine.runtime import State
from tests.engine.conftest import Stores
from tests.engine.harness import MIDNIGHT, Bench, at, until, whole_engine

OPTIONS = SimulatorOptions(instruments=8, ticks_per_second=4)
SPEED = 60.0
ACTORS = (
    ("feeds/simulator",),
    ("instruments/NSE:RELIANCE", "publisher"),
    ("candle_writer",),
    ("persister", "broadcaster"),
    ("resolver",),
    ("provider_manager", "heartbeat", "watches", "operator"),
)
"""What crashes together has nothing to do with each other."""


def is_back(bench: Bench, name: str) -> bool:
    actor = bench.system.snapshot(f"/engine/{name}")
    return actor.restarts == 1 and actor.state == State.RUNNING


async def test_every_actor_may_crash_at_any_moment_and_nothing_is_lost(stores: Stores) -> None:
    """Each is restarted once and alone; the candles are judged after each, so that no heal hides another's loss."""
    chance = random.Random(3)
    async with whole_engine(stores, at("00:07:20", speed=SPEED), options=OPTIONS) as bench:
        for names in ACTORS:
            await trio.sleep(chance.uniform(0.0, 1.0))  # anywhere in a minute
            for name in names:
                bench.crash(name)
            await until(lambda names=names: all(is_back(bench, name) for name in names))
            await bench.exam.agree(MIDNIGHT)
        assert all(bench.restarts(name) == 1 for names in ACTORS for name in names)


async def test_a_writer_that_crashes_with_candles_in_its_hands_has_them_read_again(stores: Stores) -> None:
    """While it is paused candles gather in its mailbox; they die with it."""
    async with whole_engine(stores, at("00:07:20", speed=SPEED), options=OPTIONS) as bench:
        await bench.exam.agree(MIDNIGHT)
        await bench.system.pause("/engine/candle_writer")
        await trio.sleep(3 * 60 / SPEED)
        bench.crash("candle_writer")
        await bench.system.restart("/engine/candle_writer")
        await bench.exam.agree(MIDNIGHT)


async def test_when_all_instruments_are_lost_they_are_started_again_and_healed(stores: Stores) -> None:
    async with whole_engine(stores, at("00:07:20", speed=SPEED), options=OPTIONS) as bench:
        await bench.exam.agree(MIDNIGHT)
        await bench.system.restart("/engine/instruments")
        await until(lambda: bench.restarts("provider_manager") >= 1)
        await until(lambda: len(bench.system.snapshot("/engine/instruments").children) == len(bench.exam.instruments))
        await bench.exam.agree(MIDNIGHT)

"""Wall clocks."""

from __future__ import annotations

import time

import anyio
import pytest

from engine.runtime import LoopClock, ReplayClock, SystemClock

pytestmark = pytest.mark.anyio


async def test_the_system_clock_is_the_machines(second: float) -> None:
    clock = SystemClock()
    assert abs(clock.now_ns() - time.time_ns()) < 1_000_000_000
    assert clock.seconds_until(time.time_ns() + 5_000_000_000) == pytest.approx(5, abs=0.5)
    assert clock.seconds_until(0) == 0


async def test_a_loop_clock_starts_where_told_and_runs_with_the_loop(second: float) -> None:
    clock = LoopClock(start_ns=1_000_000_000_000)
    assert clock.now_ns() == 1_000_000_000_000
    await anyio.sleep(3 * second)
    assert (clock.now_ns() - 1_000_000_000_000) / 1e9 / second == pytest.approx(3, rel=0.4)
    assert clock.seconds_until(1_000_000_000_000) == 0


async def test_a_replay_clock_runs_faster(second: float) -> None:
    clock = ReplayClock(start_ns=0, speed=60)
    clock.now_ns()
    await anyio.sleep(second)
    assert clock.now_ns() / 1e9 / second == pytest.approx(60, rel=0.5)
    assert clock.seconds_until(clock.now_ns() + 60_000_000_000) == pytest.approx(1, rel=0.1)

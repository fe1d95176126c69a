"""What the tests of silence share: an engine at twenty times the pace of the clock, and what it tells of its symbols."""

from collections.abc import Callable
from typing import Any

import trio

from actors.pace import Pace
from engine.market.diagnosis import Cause
from engine.providers.simulator.options import SimulatorOptions
from engine.storage.packing import unpack
from tests.engine.harness import Bench, until

SPEED = 20.0
PACE = Pace(silence_floor_s=2.0)
"""In real time, as a feed's own floor is."""
OPTIONS = SimulatorOptions(instruments=12, ticks_per_second=6)
LIVE = "NSE:INFY"


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
    return bench.simulator.exchange.doors["simulator"].statistics().connections


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

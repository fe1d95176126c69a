"""A whole engine that knows its prices from Databento alone: its candles are those of the exchange, whatever goes wrong."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from engine.providers.simulator.faults import parse_faults
from engine.providers.simulator.options import DoorOptions, SimulatorOptions
from tests.engine.conftest import Stores
from tests.engine.harness import (
    MIDNIGHT,
    Bench,
    Exam,
    at,
    calendar_of,
    engine_on,
    running_exchange,
    seeded,
    settings_for,
)

FUTURES = ("COMEX:GC", "COMEX:SI", "NYMEX:CL", "CME:ES", "CME:NQ")


@asynccontextmanager
async def engine_behind(door: str, stores: Stores, time: str) -> AsyncGenerator[tuple[Bench, Exam]]:
    """The engine, and an exam of the futures alone: no other exchange is this provider's."""
    clock = at(time)
    options = SimulatorOptions(instruments=1, world=True, ticks_per_second=80, doors=(DoorOptions(door),))
    async with running_exchange(options, clock) as simulator:
        address = simulator.addresses[door]
        ports = "/".join(str(urlsplit(url).port) for url in (address.feed_url, address.rest_url))
        more: dict[str, Any] = {"providers": (door,), "simulator_doors": f"{door}={ports}", "simulator_world": True}
        settings = settings_for(stores, simulator.feed_url, simulator.rest_url, **more)
        await seeded(settings.durable_url, simulator.rest_url)
        async with engine_on(simulator, stores, clock, **more) as bench:
            yield bench, _of_futures(bench.exam)


def _of_futures(exam: Exam) -> Exam:
    async def told(start_ns: int, end_ns: int) -> dict[str, Any]:
        everything = await exam.told(start_ns, end_ns)
        return {name: everything[name] for name in FUTURES}

    return Exam(FUTURES, calendar_of(FUTURES[0]), exam.hot, exam.durable, exam.clock, told, exam.save)


@pytest.mark.parametrize("faults", ["close@2,close@6", "429@1+2,drop=0.5@2+3,error@3+2,freeze@5+2"])
async def test_candles_are_those_of_the_exchange(stores: Stores, faults: str) -> None:
    async with engine_behind("simulator_databento", stores, "00:04:50") as (bench, exam):
        exchange = bench.simulator.exchange
        exchange.doors["simulator_databento"].faults.plan(parse_faults(faults), now_s=exchange.elapsed_s)
        assert await exam.agree(MIDNIGHT) >= 4 * len(FUTURES)

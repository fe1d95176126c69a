"""A whole engine that knows its prices from another than Dhan: its candles are those of the exchange, whatever goes wrong."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from engine.providers.simulator.faults import parse_faults
from engine.providers.simulator.options import DoorOptions, SimulatorOptions
from tests.engine.conftest import Stores
from tests.engine.harness import MIDNIGHT, Bench, at, engine_on, running_exchange, seeded, settings_for

INSTRUMENTS = 5
"""Indices and shares, no derivative yet, which Yahoo would not carry."""


@asynccontextmanager
async def engine_behind(door: str, stores: Stores, time: str) -> AsyncGenerator[Bench]:
    clock = at(time)
    options = SimulatorOptions(instruments=INSTRUMENTS, ticks_per_second=25, doors=(DoorOptions(door),))
    async with running_exchange(options, clock) as simulator:
        address = simulator.addresses[door]
        ports = "/".join(str(urlsplit(url).port) for url in (address.feed_url, address.rest_url))
        more: dict[str, Any] = {"providers": (door,), "simulator_doors": f"{door}={ports}"}
        settings = settings_for(stores, simulator.feed_url, simulator.rest_url, **more)
        await seeded(settings.durable_url, simulator.rest_url)
        async with engine_on(simulator, stores, clock, **more) as bench:
            yield bench


@pytest.mark.parametrize("door", ["simulator_kite", "simulator_yahoo"])
async def test_candles_are_those_of_the_exchange(stores: Stores, door: str) -> None:
    faults = "close@1,429=1@1+2,drop=0.5@2+3,reorder@2+3,error@3+2,freeze@5+2"
    async with engine_behind(door, stores, "00:04:50") as bench:
        exchange = bench.simulator.exchange
        exchange.doors[door].faults.plan(parse_faults(faults), now_s=exchange.elapsed_s)
        assert await bench.exam.agree(MIDNIGHT) >= 4 * len(bench.exam.instruments)

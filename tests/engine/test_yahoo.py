"""A whole engine that knows its prices from Yahoo alone: its candles are those of the exchange, whatever goes wrong."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from engine.providers.simulator.faults import parse_faults
from engine.providers.simulator.options import DoorOptions, SimulatorOptions
from tests.engine.conftest import Stores
from tests.engine.harness import MIDNIGHT, Bench, at, engine_on, running_exchange, seeded, settings_for

DOOR = "simulator_yahoo"
OPTIONS = SimulatorOptions(instruments=5, ticks_per_second=25, doors=(DoorOptions(DOOR),))
"""Indices and shares, no derivative yet, which Yahoo would not carry."""


@asynccontextmanager
async def engine_on_yahoo(stores: Stores, time: str) -> AsyncGenerator[Bench]:
    clock = at(time)
    async with running_exchange(OPTIONS, clock) as simulator:
        address = simulator.addresses[DOOR]
        ports = "/".join(str(urlsplit(url).port) for url in (address.feed_url, address.rest_url))
        more: dict[str, Any] = {"providers": (DOOR,), "simulator_doors": f"{DOOR}={ports}"}
        settings = settings_for(stores, simulator.feed_url, simulator.rest_url, **more)
        await seeded(settings.durable_url, simulator.rest_url)
        async with engine_on(simulator, stores, clock, **more) as bench:
            yield bench


async def test_candles_are_those_of_the_exchange(stores: Stores) -> None:
    faults = "close@1,429=1@1+2,drop=0.5@2+3,reorder@2+3,error@3+2,freeze@5+2"
    async with engine_on_yahoo(stores, "00:04:50") as bench:
        exchange = bench.simulator.exchange
        exchange.doors[DOOR].faults.plan(parse_faults(faults), now_s=exchange.elapsed_s)
        assert await bench.exam.agree(MIDNIGHT) >= 4 * len(bench.exam.instruments)

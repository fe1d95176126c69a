"""Last prices of the simulated exchange, through its REST service, which counts calls as Dhan does."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import trio

from actors.messages import Count
from engine.providers.base import Route
from engine.providers.dhan.account import DhanEndpoints
from engine.providers.dhan.rest import DhanHistory, DhanLimits
from engine.providers.keyring import Keyring
from engine.providers.retry import RetryPolicy
from engine.providers.simulator.faults import parse_faults
from engine.providers.simulator.options import SIMULATED_CLIENT_ID, SIMULATED_TOKEN
from engine.providers.simulator.server import Simulator
from tests.actors.test_last_prices import Desk, desk, together
from tests.providers.simulator.markets import at, simulator

START = at("2026-11-20 12:00:30")
LIMITS = DhanLimits(timeout_s=2.0)


@asynccontextmanager
async def asked(**options: Any) -> AsyncGenerator[tuple[Simulator, Desk, list[str]]]:
    async with simulator(instruments=8, start_ns=START, **options) as running:
        credentials = Keyring.holding("dhan", SIMULATED_CLIENT_ID, SIMULATED_TOKEN)
        endpoints = DhanEndpoints(running.feed_url, running.rest_url)
        history = DhanHistory(credentials, endpoints, limits=LIMITS, retry=RetryPolicy(attempts=1))
        listings = running.exchange.market.listings
        async with desk({"simulator": history}) as found:
            found.routes.cover(
                "simulator",
                [Route(one.instrument, one.segment, str(one.security_id), one.tick_size, one.kind) for one in listings],
            )
            yield running, found, [one.instrument for one in listings]
        history.close()


async def test_all_who_ask_are_one_call_within_the_rate_that_is_allowed() -> None:
    async with asked(rate_limits=True) as (_, found, names):
        told: list[dict[str, Any]] = []

        async def ask(*wanted: str) -> None:
            told.append(await found.ask(*wanted))

        await together(*[partial(ask, *names[:4])] * 10, *[partial(ask, *names[2:])] * 10)
        assert [answer["failure"] for answer in told] == [""] * 20
        assert {name for answer in told for name in answer["prices"]} == set(names)
        assert (await found.ref.ask(Count(), timeout_s=1))["last_price_calls"] == 1


async def test_an_exchange_that_fails_is_left_alone_and_asked_again_when_it_is_back() -> None:
    async with asked() as (running, found, names):
        faults = running.exchange.faults
        faults.plan(parse_faults("error@0+3600"), now_s=running.exchange.elapsed_s)
        with trio.fail_after(20):
            while "again and again" not in (await found.ask(*names))["failure"]:
                pass
        faults.clear()
        with trio.fail_after(20):
            while not (told := await found.prices(*names)):
                await trio.sleep(0.1)
        assert set(told) == set(names)

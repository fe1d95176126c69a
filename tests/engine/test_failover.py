"""Two live feeds of one exchange, whose totals differ: one fails, and the candles are those of a market that nobody lost."""

from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio

from actors.messages import CredentialReplaced
from engine.market.diagnosis import Cause
from engine.providers.simulator.faults import parse_faults
from engine.providers.simulator.options import DoorOptions, SimulatorOptions
from engine.runtime import Clock
from tests.engine.conftest import Stores
from tests.engine.harness import MIDNIGHT, Bench, at, engine_on, running_exchange, seeded, settings_for, until
from tests.engine.silences import LIVE, PACE, SPEED, becomes, is_told

FIRST, SECOND = "simulator", "simulator2"
KITE = "simulator_kite"
AFTER_S, RETURN_S = 2.0, 4.0


@asynccontextmanager
async def two_feeds(stores: Stores, clock: Clock, *, second: str = SECOND) -> AsyncGenerator[Bench]:
    doors = (DoorOptions(second, volume_offset=123_457),)
    options = SimulatorOptions(instruments=12, ticks_per_second=60, doors=doors)
    async with running_exchange(options, clock) as simulator:
        settings = settings_for(stores, simulator.feed_url, simulator.rest_url)
        await seeded(settings.durable_url, simulator.rest_url)
        address = simulator.addresses[second]
        ports = [url.removesuffix("/v2").rpartition(":")[2] for url in (address.feed_url, address.rest_url)]
        more: dict[str, Any] = {
            "providers": (FIRST, second),
            "simulator_doors": f"{second}={'/'.join(ports)}",
            "failover_after_s": AFTER_S,
            "failover_return_s": RETURN_S,
        }
        async with engine_on(simulator, stores, clock, pace=PACE, **more) as bench:
            yield bench


def plan(bench: Bench, door: str, faults: str) -> None:
    exchange = bench.simulator.exchange
    exchange.doors[door].faults.plan(parse_faults(faults), now_s=exchange.elapsed_s)


async def beat(bench: Bench) -> dict[str, Any]:
    return await bench.hot.heartbeat() or {}


async def carried(bench: Bench) -> Counter[str]:
    """How many instruments each provider carries, of all exchanges."""
    counts: Counter[str] = Counter()
    for found in (await beat(bench)).get("carried", {}).values():
        counts.update(found)
    return counts


async def all_carried_by(bench: Bench, provider: str) -> None:
    async def are() -> bool:
        return await carried(bench) == {provider: len(bench.exam.instruments)}

    await until(are)


async def sources(bench: Bench) -> set[str]:
    found = await bench.hot.candles_many(bench.exam.instruments, "1m", MIDNIGHT, bench.clock.now_ns())
    return {candle.source for candles in found.values() for candle in candles}


async def listened_to(bench: Bench) -> None:
    """Both are up, and have been long enough for their pace to be known."""
    await all_carried_by(bench, FIRST)
    await trio.sleep(8)


@pytest.mark.parametrize(
    ("fault", "second"),
    [
        pytest.param("freeze+25", KITE, id="frozen"),
        pytest.param("freeze+25", SECOND, id="frozen_of_one_language", marks=pytest.mark.slow),
        pytest.param("corrupt=0.5+25", SECOND, id="corrupted", marks=pytest.mark.slow),
        pytest.param("refuse=401+25,close", SECOND, id="dead_token", marks=pytest.mark.slow),
    ],
)
async def test_a_feed_that_fails_is_stood_in_for_and_no_candle_shows_it(
    stores: Stores, fault: str, second: str
) -> None:
    async with two_feeds(stores, at("00:07:20", speed=SPEED), second=second) as bench:
        await listened_to(bench)
        plan(bench, FIRST, fault)
        await all_carried_by(bench, second)
        await trio.sleep(6)
        assert second in await sources(bench)
        bench.simulator.exchange.doors[FIRST].faults.clear()
        bench.ref(f"feeds/{FIRST}").tell(CredentialReplaced(FIRST))  # a dead token is not tried again before
        await all_carried_by(bench, FIRST)
        await bench.exam.agree(MIDNIGHT)
        assert second in await sources(bench)


@pytest.mark.slow
async def test_a_feed_that_comes_and_goes_moves_nothing_to_and_fro(stores: Stores) -> None:
    async with two_feeds(stores, at("00:07:20", speed=SPEED)) as bench:
        await listened_to(bench)
        plan(bench, FIRST, ",".join(f"429@{second}+3,close@{second}" for second in range(0, 30, 6)))
        await all_carried_by(bench, SECOND)
        await trio.sleep(30)
        assert [(move["from"], move["to"]) for move in (await beat(bench))["moves"]] == [(FIRST, SECOND)] * 2
        await all_carried_by(bench, FIRST)
        await bench.exam.agree(MIDNIGHT)


async def test_when_no_feed_brings_anything_prices_are_asked_for_until_one_does(stores: Stores) -> None:
    async with two_feeds(stores, at("00:07:20", speed=SPEED)) as bench:
        await listened_to(bench)
        for door in (FIRST, SECOND):
            plan(bench, door, "freeze+60")
        await until(becomes(bench, LIVE, Cause.FALLBACK))
        await until(is_told(bench, LIVE, ("fallback", Cause.FALLBACK)))

        async def asked_for() -> set[tuple[str, float]]:
            found = await bench.hot.quotes(bench.exam.instruments)
            return {(quote["provider"], quote["ltp"]) for quote in found.values()}

        async def all_are() -> bool:
            return all(provider.endswith("/polled") for provider, _ in await asked_for())

        await until(all_are)
        before = await asked_for()

        async def moved() -> bool:
            return len(await asked_for() - before) > len(before) / 2

        await until(moved)
        for door in (FIRST, SECOND):
            bench.simulator.exchange.doors[door].faults.clear()
        await until(becomes(bench, LIVE, Cause.LIVE))
        await bench.exam.agree(MIDNIGHT)

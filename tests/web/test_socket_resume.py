"""Resuming over real sockets, real web processes and Redis: cuts, restarts and heals, and no silent hole."""

import contextlib
import random
from typing import Any

import anyio
import msgspec
import pytest
from redis.asyncio import Redis

from actors.channels import encode_candle_event
from engine.market import Candle
from engine.storage.durable import DurableStore
from engine.storage.hot import HotStore
from tests.web.conftest import running_web
from tests.web.engine import Engine, candle
from tests.web.process import Client, Web, until

pytestmark = pytest.mark.anyio

CHANNEL = "candle.NSE:RELIANCE.1m"
ROUNDS = 12


class Follower:
    """Keeps a series by what it is told alone, over any number of sockets and web processes."""

    def __init__(self, hot: HotStore) -> None:
        self._hot = hot
        self.series: dict[int, tuple[int, float]] = {}
        self.position: dict[str, str] | None = None
        self.declared = 0
        self.recovered = 0
        self._told: set[tuple[int, int]] = set()

    async def follow(self, web: Web, newest: Candle) -> None:
        """Comes, and goes when it has been told of that candle."""
        async with web.client() as client:
            since = {"since": self.position} if self.position else {}
            await client.send(action="subscribe", channels=[CHANNEL], **since)
            answer = await client.until(lambda message: message.get("action") == "subscribe")
            self.position = answer["position"]
            if answer.get("recovered"):
                self.recovered += 1
            else:
                await self._read_history()
            await self._listen(client, newest)

    async def _listen(self, client: Client, newest: Candle) -> None:
        assert self.position is not None
        wanted = newest.time // 1_000_000
        while self.series.get(wanted, (-1, 0.0))[0] < newest.revision:
            message = await client.receive()
            if message.get("channel") == CHANNEL and message["data"]["state"] != "forming":
                self.position["offset"] = message["offset"]
                self._keep(message["data"])

    def _keep(self, told: dict[str, Any]) -> None:
        revision = told["time"], told["rev"]
        assert revision not in self._told, "a revision was told twice"
        self._told.add(revision)
        if self.series.get(told["time"], (-1, 0.0))[0] < told["rev"]:  # what was read may know it already
            self.series[told["time"]] = told["rev"], told["close"]

    async def _read_history(self) -> None:
        self.declared += 1
        self._told = set()
        self.series = await series(self._hot)


async def series(hot: HotStore) -> dict[int, tuple[int, float]]:
    """As the server has it."""
    candles = await hot.candles("NSE:RELIANCE", "1m", 0, 2**62)
    return {one.time // 1_000_000: (one.revision, one.close) for one in candles}


async def test_a_client_that_is_cut_off_again_and_again_ends_with_the_servers_series(
    hot: HotStore, durable: DurableStore, engine: Engine
) -> None:
    chance = random.Random(7)
    follower, told = Follower(hot), [candle(0, 1.0)]
    await keep(engine, told[0])
    async with contextlib.AsyncExitStack() as stack:
        one = await stack.enter_async_context(running_web(hot, durable))
        for number in range(1, ROUNDS):
            if number == ROUNDS // 2:  # an engine died with something to tell, and the next one says so
                await hot.begin_epoch()
            if number % 4 == 0:
                told[-1] = candle(len(told) - 1, 50.0 + number, state="revised", revision=1)
                await keep(engine, told[-1])
            for _ in range(chance.randint(0, 3)):
                told.append(candle(len(told), 1.0 + number))
                await keep(engine, told[-1])
            if number % 3:
                await follower.follow(one, told[-1])
                continue
            async with running_web(hot, durable) as other:  # it begins and ends, and the position is good at both
                with anyio.fail_after(10):
                    await follower.follow(other, told[-1])
    assert follower.series == await series(hot)
    assert follower.declared == 2
    assert follower.recovered == ROUNDS - 3


async def keep(engine: Engine, one: Candle) -> None:
    """As the engine does it: kept first, told then."""
    await engine.hot.write_candles([one])
    await engine.close(one)


async def test_what_the_stream_has_dropped_is_told_from_the_stores(
    hot: HotStore, durable: DurableStore, engine: Engine, redis_url: str
) -> None:
    async with running_web(hot, durable) as web:
        now_ms = web.system.clock.now_ns() // 1_000_000
        await append(hot, now_ms - 200_000, candle(-1))
        await until(lambda: web.services.hub.position is not None and web.services.hub.position.offset != "0-0")
        async with web.client() as client:
            position = (await client.ask(action="subscribe", channels=[CHANNEL]))["position"]
        missed = [published(candle(number, 1.0 + number), now_ms - 150_000 + 40_000 * number) for number in range(3)]
        for one in missed:
            await append(hot, one.published_ns // 1_000_000, one)
        await durable.save(missed, checkpoint_ns=now_ms * 1_000_000)
        last = candle(3, 9.0)
        await append(hot, now_ms - 30_000, last)
        async with Redis.from_url(redis_url) as redis:  # pyright: ignore[reportUnknownMemberType]
            await redis.xtrim("events", maxlen=2, approximate=False)
        async with web.client() as client:
            answer = await client.ask(action="subscribe", channels=[CHANNEL], since=position)
            assert (answer["recovered"], answer["position"]) == (True, position)
            told = [await client.receive() for _ in range(5)]
            assert [(push["data"]["close"], push["offset"]) for push in told[:4]] == [
                (one.close, None) for one in [*missed, last]
            ]
            assert told[4] == {"type": "position", "position": position | {"offset": f"{now_ms - 30_000}-0"}}


def published(one: Candle, at_ms: int) -> Candle:
    return msgspec.structs.replace(one, published_ns=at_ms * 1_000_000)


async def append(hot: HotStore, at_ms: int, one: Candle) -> None:
    """An entry of a moment of one's own choice."""
    await hot.append_events([(f"{at_ms}-0", encode_candle_event(one))])

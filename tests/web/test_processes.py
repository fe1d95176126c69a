"""Several web processes and one stream of events: any of them, and Redis itself, may die, and no client misses a revision."""

import asyncio
import contextlib
import json
import os
import random
import signal
from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from config.places import simulated_redis
from engine.market import Candle
from engine.storage.embedded import prepare_valkey
from engine.storage.hot import HotStore
from tests.servers import with_database
from tests.storage.killable import Killable, killable_server
from tests.web.engine import NOON, Engine, candle
from tests.web.process import BEARER, TOKEN, until
from tests.web.started import StartedWeb, platform_environment
from ticktree_client import Client, Hole, Position

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

CHANNEL = "candle.NSE:RELIANCE.1m"
CLIENTS = 12
PATIENCE_S = 30.0

Revision = tuple[int, int, float]
"""Open in milliseconds, revision, close."""


@pytest.fixture
def redis(data_folder: Path) -> Generator[Killable]:
    with killable_server(prepare_valkey(data_folder)) as server:
        yield server


@pytest.fixture
def webs(redis: Killable, web_database: str, tmp_path: Path) -> Generator[list[StartedWeb]]:
    """Two of them, as a platform runs them: nothing shared but the stores."""
    environment = platform_environment(redis.url, with_database(web_database, "web"))
    with contextlib.ExitStack() as started:
        pair = [StartedWeb(environment, tmp_path / f"web-{number}") for number in (1, 2)]
        for web in pair:
            started.callback(web.kill)
        for web in pair:
            web.wait_until_ready()
        yield pair


@pytest.fixture
async def hot(redis: Killable) -> AsyncGenerator[HotStore]:
    store = await HotStore.connect(simulated_redis(redis.url))
    yield store
    await store.close()


class Follower:
    """A client as the contract describes it: it keeps its position, goes to another address when one fails, and resumes."""

    def __init__(self, addresses: list[str]) -> None:
        self._addresses = addresses
        self._position: dict[str, str] | None = None
        self.heard: list[Revision] = []
        self.prices: list[float] = []
        self.resumed: list[bool] = []
        """What each answer to a wish to resume was."""
        self.holes = 0
        self.connected = False

    async def run(self) -> None:
        turn = 0
        while True:
            address = self._addresses[turn % len(self._addresses)]
            with contextlib.suppress(OSError, WebSocketException, TimeoutError):
                async with connect(
                    f"ws{address.removeprefix('http')}/ws", additional_headers=BEARER, proxy=None
                ) as socket:
                    await self._follow(socket)
            self.connected = False
            turn += 1
            await anyio.sleep(0.05)

    async def _follow(self, socket: ClientConnection) -> None:
        wish: dict[str, Any] = {"id": 1, "action": "subscribe", "channels": [CHANNEL, "ltp.TCS"]}
        await socket.send(json.dumps(wish if self._position is None else wish | {"since": self._position}))
        while True:
            value: Any = json.loads(await socket.recv())
            messages: list[Any] = []
            messages += value if isinstance(value, list) else [value]
            for message in messages:
                self._take(message)

    def _take(self, message: dict[str, Any]) -> None:
        if message.get("action") == "subscribe":
            if "recovered" in message:
                self.resumed.append(message["recovered"])
            if message.get("recovered") is not True:
                self._position = message["position"]
            self.connected = True
        elif message.get("type") == "lost":
            self.holes += 1
            self._position = message["position"]
        elif message.get("channel") == CHANNEL and message["offset"]:
            data = message["data"]
            self.heard.append((data["time"], data["rev"], data["close"]))
            assert self._position is not None
            self._position["offset"] = message["offset"]
        elif message.get("channel") == "ltp.TCS":
            self.prices.append(message["data"]["ltp"])


def revision(one: Candle) -> Revision:
    return one.time // 1_000_000, one.revision, one.close


def random_series(chance: random.Random, first: int) -> list[Candle]:
    """Some minutes, and revisions of some of them."""
    closed = [candle(minute, chance.random()) for minute in range(first, first + chance.randint(1, 5))]
    revised = chance.sample(closed, chance.randint(0, len(closed)))
    return closed + [candle_again(one, chance.random()) for one in revised]


def candle_again(one: Candle, close: float) -> Candle:
    minute = (one.time - candle(0).time) // 60_000_000_000
    return candle(minute, close, state="revised", revision=1)


@contextlib.asynccontextmanager
async def following(webs: list[StartedWeb]) -> AsyncGenerator[list[Follower]]:
    """Clients of both processes, each of which knows the other one's address, too."""
    addresses = [web.url for web in webs]
    followers = [Follower(addresses[turn % 2 :] + addresses[: turn % 2]) for turn in range(CLIENTS)]
    async with anyio.create_task_group() as tasks:
        for follower in followers:
            tasks.start_soon(follower.run)
        await until(lambda: all(one.connected for one in followers), PATIENCE_S)
        yield followers
        tasks.cancel_scope.cancel()


async def hear(client: Client, since: Position, heard: list[Revision | Hole]) -> None:
    """The shipped client, which does all of this by itself."""
    async with client, aclosing(client.candles("NSE:RELIANCE", "1m", since=since)) as events:
        async for event in events:
            if isinstance(event, Hole):
                heard.append(event)
            else:
                heard.append((round(event.time.timestamp() * 1000), event.revision, event.close or 0.0))


async def test_a_killed_process_loses_none_of_its_clients_a_revision(webs: list[StartedWeb], engine: Engine) -> None:
    chance = random.Random(7)
    told: list[Revision] = []
    first = 0
    start = Position(*await engine.hot.events_position())
    shipped: list[list[Revision | Hole]] = [[], []]
    async with following(webs) as followers, anyio.create_task_group() as tasks:
        for heard, addresses in zip(shipped, ([webs[0].url, webs[1].url], [webs[1].url, webs[0].url]), strict=True):
            tasks.start_soon(hear, Client(*addresses, token=TOKEN, trust_env=False), start, heard)
        for victim in (0, 1):
            for step in range(6):
                series = random_series(chance, first)
                first += 10
                await engine.close(*series)
                told += map(revision, series)
                if step == 2:
                    webs[victim].kill()
                await asyncio.sleep(chance.uniform(0.0, 0.2))
            webs[victim].start()
            await asyncio.to_thread(webs[victim].wait_until_ready)
        await until(lambda: all(len(one.heard) >= len(told) for one in followers), PATIENCE_S)
        assert [one.heard for one in followers] == [told] * CLIENTS, "each revision once, in order, and none is missing"
        await until(lambda: all(len(heard) >= len(told) for heard in shipped), PATIENCE_S)
        assert shipped == [told, told]
        tasks.cancel_scope.cancel()
        assert all(all(one.resumed) for one in followers)
        assert sum(len(one.resumed) for one in followers) >= CLIENTS, "some client of each process had to resume"
    assert [web.stop() for web in webs] == [0, 0]


async def test_of_several_processes_behind_one_port_one_is_killed_and_replaced(
    redis: Killable, web_database: str, engine: Engine, tmp_path: Path
) -> None:
    environment = platform_environment(redis.url, with_database(web_database, "web"), WEB_CONCURRENCY="2")
    web = StartedWeb(environment, tmp_path / "webs")
    try:
        await asyncio.to_thread(web.wait_until_ready)
        await until(lambda: len(web.children()) == 2, PATIENCE_S)
        async with following([web]) as followers:
            series = random_series(random.Random(7), 0)
            for number, one in enumerate(series):
                await engine.close(one)
                if number == 1:
                    os.kill(web.children()[0], signal.SIGKILL)
            await until(lambda: len(web.children()) == 3, PATIENCE_S)
            told = [revision(one) for one in series]
            await until(lambda: all(one.heard == told for one in followers), PATIENCE_S)
            assert all(all(one.resumed) for one in followers)
        assert await asyncio.to_thread(web.stop) == 0
    finally:
        web.kill()


async def test_when_redis_is_killed_clients_stay_and_are_told_what_can_not_be_known(
    webs: list[StartedWeb], hot: HotStore, redis: Killable
) -> None:
    engine = Engine(hot)
    async with following(webs) as followers:
        await engine.close(candle(0, 1.0))
        await engine.trade(1.0, "TCS")
        await until(lambda: all(one.heard and one.prices for one in followers), PATIENCE_S)
        redis.kill()
        await asyncio.sleep(0.5)
        redis.start()
        await until(lambda: all(one.holes for one in followers), PATIENCE_S)
        await engine.close(candle(1, 2.0))
        await engine.store(2.0, "TCS", at=NOON + 1)  # as always: who listens too late reads it
        await engine.trade(2.0, "TCS", at=NOON + 1)
        await until(lambda: all(one.prices[-1] == one.heard[-1][2] == 2.0 for one in followers), PATIENCE_S)
        await engine.store(5.0, "TCS", at=NOON + 2)
        with anyio.fail_after(PATIENCE_S):
            while not all(one.prices[-1] == 5.0 for one in followers):
                engine.offset += 3  # lost on their way, that of TCS among them
                await engine.trade(9.0)
                await anyio.sleep(0.1)
        assert [one.resumed for one in followers] == [[]] * CLIENTS, "nobody had to connect again"
    assert [web.stop() for web in webs] == [0, 0]


async def test_without_an_engine_the_stores_answer_and_every_client_is_told(
    redis: Killable, web_database: str, tmp_path: Path
) -> None:
    web = StartedWeb(platform_environment(redis.url, with_database(web_database, "web")), tmp_path / "web")
    try:
        await asyncio.to_thread(web.wait_until_ready)
        async with connect(f"ws{web.url.removeprefix('http')}/ws", additional_headers=BEARER, proxy=None) as socket:
            await socket.send('{"id": 1, "action": "subscribe", "channels": ["candle.RELIANCE.1m"]}')
            with anyio.fail_after(PATIENCE_S):
                while "no engine answers" not in str(await socket.recv()):
                    pass
        async with httpx.AsyncClient(base_url=web.url, headers=BEARER, trust_env=False) as http:
            chart = await http.get("/api/v1/chart/NSE:RELIANCE", params={"timeframe": "1m"}, timeout=20)
            assert (chart.status_code, "engine" in chart.text) == (200, True)
            assert (await http.get("/api/v1/health/market_stream")).status_code == 503
    finally:
        web.kill()

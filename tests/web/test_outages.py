"""What clients notice when Redis is away, when they read too slowly, and when they come back."""

import asyncio
import base64
import json
import os
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import pytest

from engine.storage.durable import DurableStore
from engine.storage.hot import HotStore
from tests.storage.proxy import Proxy
from tests.web.conftest import running_web
from tests.web.engine import Engine, candle
from tests.web.process import BEARER, Client, Web, until

pytestmark = pytest.mark.anyio

CHANNEL = "candle.NSE:RELIANCE.1m"


@pytest.fixture
async def proxy(redis_url: str) -> AsyncGenerator[Proxy]:
    async with Proxy.before(redis_url) as between:
        yield between


@pytest.fixture
async def web_behind(proxy: Proxy, durable: DurableStore) -> AsyncGenerator[Web]:
    store = await HotStore.connect(proxy.url)
    async with running_web(store, durable) as process:
        yield process
    await store.close()


async def status(client: Client) -> str:
    return (await client.push("status"))["status"]


async def hang_up(proxy: Proxy) -> None:
    """Ends all connections, and every new one at its first answer, as a server that is being started again."""
    proxy.lose_answers = 1_000_000
    for connection in list(proxy._connections):
        connection.cancel()


@pytest.mark.parametrize("how", ["dies", "hangs"])
async def test_clients_stay_are_told_and_go_on_from_a_snapshot(
    web_behind: Web, engine: Engine, proxy: Proxy, how: str
) -> None:
    async with web_behind.client() as client:
        await client.ask(action="subscribe", channels=["ltp.RELIANCE", CHANNEL])
        await engine.trade(1.0)
        assert (await client.push("ltp.RELIANCE"))["ltp"] == 1.0
        if how == "dies":
            await hang_up(proxy)
        else:
            proxy.fall_silent()
        with anyio.fail_after(4):
            assert await status(client) == "degraded"
        late = await client.ask(id=9, action="subscribe", channels=["ltp.TCS"])
        assert late["results"][0]["ok"], "new wishes are taken while Redis is away"
        assert await status(client) == "degraded", "and told what to expect"
        await engine.store(2.0, at=2_000_000_000_000_000_000)
        await engine.close(candle(0, 7.0))
        proxy.lose_answers = 0
        proxy.speak()
        seen: set[object] = set()
        while not {"live", 2.0, 7.0} <= seen:
            data = (await client.receive())["data"]
            seen.add(data.get("status") or data.get("ltp") or data.get("close"))


async def test_a_jump_of_the_offset_is_healed_from_the_quotes(web: Web, engine: Engine) -> None:
    async with web.client() as client:
        await client.ask(action="subscribe", channels=["ltp.RELIANCE", "ltp.TCS"])
        await engine.trade(1.0)
        await client.push("ltp.RELIANCE")
        engine.offset += 5  # published while nobody listened
        await engine.store(8.0, "TCS")
        await engine.trade(2.0)
        assert (await client.push("ltp.TCS"))["ltp"] == 8.0


async def test_a_client_resumes_everything_once_and_in_order(web: Web, engine: Engine) -> None:
    async with web.client() as client:
        reply = await client.ask(action="subscribe", channels=[CHANNEL])
        await engine.close(candle(0, 1.0))
        push = await client.receive()
    position = {"epoch": reply["position"]["epoch"], "offset": push["offset"]}
    await engine.close(
        candle(1, 2.0), candle(1, 9.0, symbol="TCS"), candle(2, 3.0), candle(1, 2.5, revision=1, state="revised")
    )
    async with web.client() as client:
        reply = await client.ask(id=5, action="subscribe", channels=[CHANNEL, "ltp.TCS"], since=position)
        assert (reply["id"], reply["recovered"], set(reply["channels"])) == (5, True, {CHANNEL, "ltp.TCS"})
        await engine.close(candle(3, 4.0))
        pushes = [await client.receive() for _ in range(4)]
        assert [push["data"]["close"] for push in pushes] == [2.0, 3.0, 2.5, 4.0]
        assert [push["offset"] for push in pushes] == sorted({push["offset"] for push in pushes})


async def test_many_resume_at_once(web: Web, engine: Engine) -> None:
    await engine.close(candle(0, 1.0))
    await until(lambda: web.services.hub.position is not None and web.services.hub.position.offset == "1-0")
    assert web.services.hub.position is not None
    epoch = web.services.hub.position.epoch
    await engine.close(*(candle(minute, float(minute)) for minute in range(1, 40)))

    async def resume(after: int) -> None:
        async with web.client() as client:
            since = {"epoch": epoch, "offset": f"{after}-0"}
            assert (await client.ask(action="subscribe", channels=[CHANNEL], since=since))["recovered"]
            closes = [(await client.push(CHANNEL))["close"] for _ in range(40 - after)]
            assert closes == [float(minute) for minute in range(after, 40)]

    async with anyio.create_task_group() as clients:
        for after in (1, 7, 20, 39):
            clients.start_soon(resume, after)


@pytest.mark.parametrize("since", [{"epoch": "another", "offset": "1-0"}, {"offset": "9-0"}])
async def test_what_can_not_be_resumed_begins_with_a_snapshot(web: Web, engine: Engine, since: dict[str, str]) -> None:
    await engine.close(candle(0, 1.0))
    now_ns = web.system.clock.now_ns()
    minute = (now_ns - candle(0).time) // 60_000_000_000
    await engine.store(5.0, forming=(candle(minute, 5.0, state="forming"),))
    async with web.client() as client:
        here = (await client.ask(action="subscribe", channels=["status"]))["position"]
        reply = await client.ask(action="subscribe", channels=[CHANNEL], since=here | since)
        assert (reply["recovered"], reply["position"]["epoch"]) == (False, here["epoch"])
        assert (await client.push(CHANNEL))["close"] == 5.0


async def test_lost_events_are_confessed_to_those_who_listen(web: Web, engine: Engine) -> None:
    async with web.client() as client:
        await client.ask(action="subscribe", channels=[CHANNEL])
        await engine.close(candle(0, 1.0))
        await client.push(CHANNEL)
        await engine.hot._link.call("FLUSHDB")
        lost = await client.until(lambda message: message.get("type") == "lost")
        assert lost["recovered"] is False
        engine.events = 0
        await engine.close(candle(1, 2.0))
        assert (await client.push(CHANNEL))["close"] == 2.0


@asynccontextmanager
async def deaf_client(web: Web, *channels: str) -> AsyncGenerator[socket.socket]:
    """A client that subscribes and never reads; its own buffer is small."""
    plug = socket.socket()
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plug.connect(("127.0.0.1", web.port))
    plug.setblocking(False)
    key = base64.b64encode(os.urandom(16)).decode()
    lines = ["GET /ws HTTP/1.1", "Host: x", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]
    lines += [f"Sec-WebSocket-Key: {key}", f"Authorization: {BEARER['Authorization']}", "", ""]
    message = json.dumps({"action": "subscribe", "channels": channels}).encode()
    head = bytes((0x81, 0x80 | len(message))) + bytes(4)
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(plug, "\r\n".join(lines).encode())
    while b"\r\n\r\n" not in await loop.sock_recv(plug, 1024):
        pass
    await loop.sock_sendall(plug, head + message)
    yield plug
    plug.close()


async def test_a_client_that_does_not_read_disturbs_nobody_and_is_closed(
    web: Web, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.sockets.line.CONGESTED_BYTES", 4096)
    monkeypatch.setattr("web.sockets.line.KERNEL_BUFFER_BYTES", 4096)
    monkeypatch.setattr("web.hub.outbox.STREAM_BUDGET", 16 * 1024)
    async with deaf_client(web, CHANNEL, "ltp.RELIANCE"), web.client() as keen:
        await until(lambda: web.services.hub.statistics().clients == 2 and web.services.hub.statistics().topics == 2)
        deaf = web.services.hub.outboxes[0]
        await keen.ask(action="subscribe", channels=["ltp.RELIANCE"])
        for round_ in range(200):
            if deaf.closed:
                break
            await engine.close(*(candle(minute, float(round_)) for minute in range(20)))
            await engine.trade(float(round_), at=round_)
            assert (await keen.push("ltp.RELIANCE"))["ltp"] == round_
        assert deaf.closed
        told = deaf.statistics()
        assert told.published == told.delivered + told.conflated + told.dropped
        await until(lambda: len(web.services.sessions) == 1)

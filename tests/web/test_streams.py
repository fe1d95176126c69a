"""Streams of prices: one a set, counted owners, an end, and another process at once when the carrying one is gone."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from typing import Any

import anyio
import asyncpg
import httpx
import msgspec
import pytest

from engine.storage.durable import DurableStore
from engine.storage.hot import HotStore
from tests.web.conftest import running_web
from tests.web.engine import NOON, Engine
from tests.web.process import BEARER, Web
from web.prices import MOST_KEYS
from web.streams import MOST_OWNED, StreamChange, TooManyStreamsError, keeper, key_of
from web.streams.price_publisher import CHANNEL

pytestmark = pytest.mark.anyio

PATH = "/screeners/ltp"
PAIR = ["NSE:RELIANCE", "NSE:TCS"]
KEY = key_of(PAIR)


async def start(web: Web, status: int = 200, **body: Any) -> dict[str, Any]:
    return answered(await web.http.post(f"{PATH}/start", json=body, headers=BEARER), status)


async def stop(web: Web, status: int = 200, **body: Any) -> dict[str, Any]:
    return answered(await web.http.post(f"{PATH}/stop", json=body, headers=BEARER), status)


def answered(response: httpx.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    return response.json()


@contextlib.asynccontextmanager
async def listening(hot: HotStore) -> AsyncGenerator[Callable[[], Any]]:
    """Hands over a function that returns the next updates of the channel."""
    async with hot.subscribe(CHANNEL) as messages:

        async def next_updates() -> list[dict[str, Any]]:
            with anyio.fail_after(10):
                _, payload = await messages.receive()
            message = msgspec.json.decode(payload)
            return message["updates"] if message["type"] == "screener_ltp_batch_update" else [message]

        yield next_updates


async def until(condition: Callable[[], Any], within_s: float = 15.0) -> None:
    with anyio.fail_after(within_s):
        while not await condition():
            await anyio.sleep(0.05)


async def carrier(web: Web) -> str:
    streams = await web.services.streams.all()
    return streams[0].process if streams else ""


async def test_a_stream_publishes_all_prices_first_and_then_what_changes(
    web: Web, engine: Engine, hot: HotStore
) -> None:
    await engine.store(1.0, "RELIANCE")
    await engine.store(2.0, "TCS")
    async with listening(hot) as updates:
        told = await start(web, keys=["TCS", "NSE_EQ:0", "tcs", "NOBODY"])
        assert told == {
            "status": "started",
            "stream": KEY,
            "channel": "live_ltp_updates",
            "instruments": 2,
            "owners": 1,
            "unknown": ["NOBODY"],
            "data": "simulated",
        }
        first = await updates()
        assert first == [
            {
                "type": "screener_ltp_update",
                "symbol": symbol,
                "instrument_id": f"NSE:{symbol}",
                "ltp": ltp,
                "timestamp": NOON // 1_000_000,
                "source": "stream",
                "segment": "NSE_EQ",
                "security_id": number,
            }
            for symbol, ltp, number in (("RELIANCE", 1.0, "0"), ("TCS", 2.0, "1"))
        ]
        await engine.store(3.0, "TCS", at=NOON + 1_000_000_000)
        (changed,) = await updates()
        assert (changed["symbol"], changed["ltp"], changed["timestamp"]) == ("TCS", 3.0, NOON // 1_000_000 + 1000)


async def test_its_instruments_are_watched_and_what_is_missing_is_asked_of_a_provider(
    web: Web, engine: Engine, hot: HotStore
) -> None:
    await engine.appear()
    engine.prices = {"NSE:TCS": (7.0, NOON // 1_000_000)}
    await start(web, keys=PAIR)

    async def is_watched() -> bool:
        return engine.watched == PAIR and [*map(sorted, engine.prices_asked)] == [PAIR]

    await until(is_watched)


async def test_the_same_set_is_one_stream_whoever_wants_it_and_ends_with_its_last_owner(
    web: Web, hot: HotStore
) -> None:
    streams = web.services.streams
    assert (await start(web, keys=PAIR))["status"] == "started"
    assert (await start(web, keys=PAIR[::-1]))["status"] == "already_running"
    change, stream = await streams.start(PAIR, "user:7")
    assert (change, list(stream.owners)) == (StreamChange.ALREADY_RUNNING, ["operator:operator", "user:7"])

    listed = (await web.get(f"{PATH}/")).json()["items"]
    assert [(one["stream"], one["owners"], one["is_mine"], one["process"]) for one in listed] == [
        (KEY, 2, True, "web-1")
    ]

    left = await stop(web, keys=PAIR)
    assert (left["status"], left["owners"]) == ("left", 1)
    assert (await stop(web, keys=PAIR))["status"] == "not_running"
    assert (await streams.stop(KEY, "user:7"))[0] is StreamChange.STOPPED
    assert (await stop(web, stream=KEY))["status"] == "not_running"
    assert await streams.all() == []

    async def is_gone() -> bool:
        return not web.system.snapshot("/web/streams/running").children

    await until(is_gone)


async def test_what_is_told_in_redis_is_the_contracts(web: Web, hot: HotStore) -> None:
    await hot.write_heartbeat({"engine": "x"})
    await start(web, screener="swing")
    (stream,) = await web.services.streams.all()
    text: bytes = await hot._link.call("GET", f"websocket_stream:{stream.key}")  # pyright: ignore[reportPrivateUsage]
    told = msgspec.json.decode(text)
    assert (told["screener"], list(told["owners"]), told["process"]) == ("swing", ["operator:operator"], "web-1")
    left_s = await hot._link.call("TTL", f"websocket_stream:{stream.key}")  # pyright: ignore[reportPrivateUsage]
    assert 3590 < left_s <= 3600
    assert await hot.heartbeat() == {"engine": "x"}, "the heartbeat is the engine's"
    assert (await start(web, keys=list(stream.instruments)))["status"] == "already_running"
    assert (await stop(web, screener="swing"))["status"] == "stopped"


async def test_starting_and_stopping_is_audited(web: Web) -> None:
    await start(web, keys=PAIR)
    await stop(web, stream=KEY)
    noted = [(entry.action, entry.target, entry.outcome) for entry in await web.services.durable.audit_log()]
    assert sorted(noted) == [("start_stream", KEY, "started"), ("stop_stream", KEY, "stopped")]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"keys": PAIR, "screener": "swing"}, 400),
        ({"keys": []}, 400),
        ({"keys": [f"NSE:S{number}" for number in range(MOST_KEYS + 1)]}, 400),
        ({"keys": "TCS"}, 400),
        ({"keys": PAIR, "for": "ever"}, 400),
        ({"keys": ["NSE:NOBODY", "NSE:ORPHAN"]}, 404),
        ({"screener": "nobody"}, 404),
    ],
)
async def test_what_can_not_be_meant_starts_nothing(web: Web, body: dict[str, Any], status: int) -> None:
    assert (await start(web, status, **body))["detail"]
    assert (await web.http.post(f"{PATH}/start", json=body)).status_code == 401
    assert await web.services.streams.all() == []


async def test_an_owner_may_start_so_many_and_no_more(web: Web) -> None:
    streams = web.services.streams
    for number in range(MOST_OWNED):
        await streams.start([f"NSE:S{number}"], "user:7")
    with pytest.raises(TooManyStreamsError, match="stop one"):
        await streams.start(PAIR, "user:7")
    await streams.start(["NSE:S1"], "user:7")
    await streams.start(PAIR, "user:8")


async def test_who_has_started_too_many_is_told_so(web: Web) -> None:
    for number in range(MOST_OWNED):
        await web.services.streams.start([f"NSE:S{number}"], "operator:operator")
    assert (await start(web, 409, keys=PAIR))["code"] == "too_many_streams"


async def test_a_process_carries_so_many_and_no_more(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "MOST_CARRIED", 1)
    await start(web, keys=PAIR)
    refused = await start(web, 503, keys=["NSE:INFY"])
    assert refused["detail"] == "no web process can carry another stream now"
    assert [stream.key for stream in await web.services.streams.all()] == [KEY]


@contextlib.asynccontextmanager
async def two_processes(hot: HotStore, durable: DurableStore) -> AsyncGenerator[tuple[Web, Web]]:
    async with running_web(hot, durable, process="web-2") as two, running_web(hot, durable) as one:
        yield one, two


async def test_two_processes_that_start_the_same_set_at_once_start_it_once(
    hot: HotStore, durable: DurableStore
) -> None:
    async with two_processes(hot, durable) as (one, two):
        told = await asyncio.gather(*[start(web, keys=PAIR) for web in (one, two) * 5])
        assert sorted(answer["status"] for answer in told) == ["already_running"] * 9 + ["started"]
        for web in (one, two):
            await web.system.ref("/web/streams/keeper").ask(keeper.Look(), timeout_s=5)
        carrying = [web.system.snapshot("/web/streams/running").children for web in (one, two)]
        assert sorted(map(len, carrying)) == [0, 1]


async def test_another_process_goes_on_when_the_carrying_one_stops(
    hot: HotStore, durable: DurableStore, engine: Engine
) -> None:
    async with running_web(hot, durable, process="web-2") as two:
        async with running_web(hot, durable) as one:
            await start(one, keys=PAIR)
            assert await carrier(two) == "web-1"

        async def goes_on() -> bool:
            return await carrier(two) == "web-2"

        await until(goes_on)
        await engine.store(4.0, "TCS")
        async with listening(hot) as updates:
            assert (await updates())[-1]["ltp"] == 4.0
        assert (await stop(two, keys=PAIR))["status"] == "stopped", "its owners are still known"


async def test_another_process_takes_over_when_the_lock_is_lost_with_its_connection(
    hot: HotStore, durable: DurableStore, web_database: str
) -> None:
    """As when the carrying process is killed: its connection ends, and the lock with it."""
    async with two_processes(hot, durable) as (one, two):
        await start(one, keys=PAIR)
        await one.system.pause("/web/streams/keeper")
        await end_lock_holders(web_database)

        async def goes_on() -> bool:
            return await carrier(two) == "web-2"

        await until(goes_on)
        await one.system.resume("/web/streams/keeper")

        async def has_left() -> bool:
            return not one.system.snapshot("/web/streams/running").children

        await until(has_left)
        assert await carrier(one) == "web-2"


async def end_lock_holders(database: str) -> None:
    connection = await asyncpg.connect(database)
    ended = await connection.fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    await connection.close()
    assert len(ended) == 1

"""Depth on the socket: the book as it stands, then the newest; what is followed is said to the engine, and why there is none."""

import asyncio
from typing import Any

import pytest

from actors.channels import DEPTH, MARKET_DATA
from engine.storage.hot import HotStore
from engine.storage.packing import pack, unpack
from tests.storage.depths import NOON_NS, book
from tests.web.engine import Engine
from tests.web.process import Client, Web, until
from tests.web.test_socket_admission import headers
from web.hub import Hub
from web.protocol import MSGPACK_SUBPROTOCOL, Kind
from web.sockets.shares import SHARES, Share
from web.sources import ChannelSource

pytestmark = pytest.mark.anyio

RELIANCE, TCS = "NSE:RELIANCE", "NSE:TCS"
CHANNEL = f"depth.{RELIANCE}"
MS_NS = 1_000_000
WRITTEN = {
    "instrument": RELIANCE,
    "bids": [
        {"price": 1650.25, "quantity": 100, "orders": 3},
        {"price": 1650.20, "quantity": 50, "orders": 1},
    ],
    "asks": [{"price": 1650.30, "quantity": 70, "orders": 2}],
    "ts_recv": NOON_NS // MS_NS,
    "source": "dhan",
    "data": "simulated",
}


async def follow(client: Client, *channels: str) -> list[Any]:
    return (await client.ask(action="subscribe", channels=channels))["results"]


async def test_who_follows_a_depth_gets_the_book_as_it_stands_and_then_the_newest(web: Web, engine: Engine) -> None:
    await engine.hot.write_depths([book(RELIANCE)])
    async with web.client() as client:
        (result,) = await follow(client, CHANNEL)
        assert (result["ok"], result["instrument"]) == (True, RELIANCE)
        assert await client.push(CHANNEL) == WRITTEN
        await engine.tell_depths(book(RELIANCE, NOON_NS - MS_NS, best_bid=1.0))  # older than what stands
        await engine.tell_depths(book(RELIANCE, NOON_NS + MS_NS, best_bid=1651.0), book(TCS, NOON_NS + MS_NS))
        newest = await client.push(CHANNEL)
    assert (newest["bids"][0]["price"], newest["ts_recv"]) == (1651.0, NOON_NS // MS_NS + 1)


async def test_one_flush_brings_the_books_of_all_to_those_who_follow_them_however_they_are_written(
    web: Web, engine: Engine
) -> None:
    async with web.client() as client, web.client() as other:
        await follow(client, "depth.reliance")
        await follow(other, f"depth.{TCS}")
        await engine.tell_depths(book(RELIANCE), book(TCS), book("NSE:INFY"))
        assert (await client.push("depth.reliance"))["instrument"] == RELIANCE
        assert (await other.push(f"depth.{TCS}"))["instrument"] == TCS


async def test_the_engine_is_told_whose_depth_is_followed_and_says_why_one_can_not_be_had(
    web: Web, engine: Engine
) -> None:
    engine.no_depth = {
        TCS: f"{TCS} has no twenty levels of depth: Dhan shows them of shares and derivatives of NSE alone"
    }
    async with web.client() as client:
        await follow(client, CHANNEL, f"depth.{TCS}", "ltp.INFY")
        told = await client.until(lambda message: message.get("type") == "error")
        assert engine.depths == [RELIANCE, TCS]
        assert (told["code"], told["message"], told["temporary"]) == (410, engine.no_depth[TCS], True)
        assert (told["about"], told["symbol"]) == (f"depth.{TCS}", TCS)
    await until(lambda: engine.depths == [], within_s=10)


async def test_what_is_no_book_is_passed_over(web: Web, engine: Engine) -> None:
    async with web.client() as client:
        await follow(client, CHANNEL)
        await engine.hot.publish(DEPTH, b"no book at all")
        await engine.tell_depths(book(RELIANCE))
        assert await client.push(CHANNEL) == WRITTEN


async def test_while_nobody_follows_a_depth_no_book_is_read(hot: HotStore) -> None:
    begun = asyncio.Event()
    source = ChannelSource(hot, Hub(), begun=begun.set, missed=lambda: None)
    async with asyncio.TaskGroup() as tasks, asyncio.timeout(5):
        listening = tasks.create_task(source.run())
        await begun.wait()
        await hot.publish(DEPTH, b"no book at all")
        await hot.publish(MARKET_DATA, b"no prices at all")
        while not source.malformed:
            await asyncio.sleep(0.01)
        listening.cancel()
    assert source.malformed == 1, "that of the prices"


async def test_books_of_another_engine_are_told_though_its_clock_goes_slower(web: Web, engine: Engine) -> None:
    async with web.client() as client:
        await follow(client, CHANNEL)
        await engine.tell_depths(book(RELIANCE))
        await client.push(CHANNEL)
        engine.epoch += 1
        await engine.tell_depths(book(RELIANCE, NOON_NS - 5_000 * MS_NS, best_bid=1.0))
        assert (await client.push(CHANNEL))["bids"][0]["price"] == 1.0


async def test_what_was_missed_is_read_from_the_hot_copy(web: Web, engine: Engine) -> None:
    async with web.client() as client:
        await follow(client, CHANNEL)
        await engine.tell_depths(book(RELIANCE))
        await client.push(CHANNEL)
        await engine.hot.write_depths([book(RELIANCE, NOON_NS + MS_NS, best_bid=1651.0)])
        engine.offset += 1  # and nobody was told
        await engine.tell_depths(book(TCS))
        assert (await client.push(CHANNEL))["bids"][0]["price"] == 1651.0


async def test_sockets_follow_so_many_depths_and_an_account_so_many_together(
    web: Web, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SHARES, Kind.DEPTH, Share("depths", client=1, together=2))
    one, two, three = (headers(session=f"s{number}") for number in range(3))
    async with (
        web.client(bearer=False, headers=one) as first,
        web.client(bearer=False, headers=two) as second,
        web.client(bearer=False, headers=three) as third,
    ):
        mine, more = await follow(first, CHANNEL, f"depth.{TCS}")
        assert (mine["ok"], more["error"]["code"]) == (True, 405)
        assert "at most 1 depths at a time" in more["error"]["message"]
        assert [result["ok"] for result in await follow(second, f"depth.{TCS}", "ltp.INFY")] == [True, True]
        (refused,) = await follow(third, "depth.NSE:INFY")
        assert "on all sockets of an account" in refused["error"]["message"]
        assert [result["ok"] for result in await follow(third, CHANNEL)] == [True]


async def test_a_symbol_that_nobody_carries_is_refused_at_once(web: Web, engine: Engine) -> None:
    async with web.client() as client:
        orphan, unknown = await follow(client, "depth.NSE:ORPHAN", "depth.NSE:RELIANC")
    assert (orphan["error"]["code"], unknown["error"]["code"]) == (410, 400)


async def test_a_binary_client_reads_the_same_in_msgpack(web: Web, engine: Engine) -> None:
    await engine.hot.write_depths([book(RELIANCE)])
    async with web.client(subprotocols=[MSGPACK_SUBPROTOCOL]) as client:
        await client.socket.send(pack({"action": "subscribe", "channels": [CHANNEL]}))
        answer, push = [unpack(_bytes(await client.socket.recv())) for _ in range(2)]
    assert answer["results"][0]["ok"]
    assert push == [{"channel": CHANNEL, "offset": None, "data": WRITTEN}]


def _bytes(message: str | bytes) -> bytes:
    assert isinstance(message, bytes)
    return message

"""Option chains on the socket: the newest of what the engine tells, from the store at first, and why there is none."""

from datetime import date
from typing import Any

import msgspec
import pytest

from engine.market.chain_snapshot import ChainSnapshot
from engine.storage.packing import pack, unpack
from tests.storage.chains import NOON_MS, snapshot
from tests.web.engine import Engine
from tests.web.process import Client, Web
from tests.web.test_socket_admission import headers
from web.protocol import MSGPACK_SUBPROTOCOL, Kind
from web.sockets.shares import SHARES, Share

pytestmark = pytest.mark.anyio

CHANNEL = "chain.NSE:RELIANCE.2026-11-24"


def chain(at_ms: int = NOON_MS, **values: Any) -> ChainSnapshot:
    return snapshot(at_ms, underlying="NSE:RELIANCE", **values)


def written(told: ChainSnapshot) -> Any:
    """As clients read it."""
    return msgspec.json.decode(msgspec.json.encode(told))


async def follow(client: Client, *channels: str) -> list[Any]:
    return (await client.ask(action="subscribe", channels=channels))["results"]


async def test_who_follows_a_chain_gets_what_stands_and_then_the_newest(web: Web, engine: Engine) -> None:
    await engine.hot.write_chains([chain()])
    async with web.client() as client:
        (result,) = await follow(client, CHANNEL)
        assert (result["ok"], result["instrument"]) == (True, "NSE:RELIANCE")
        first = await client.push(CHANNEL)
        assert first == written(chain())
        await engine.tell_chain(chain(NOON_MS - 1, spot=1.0))  # older than what stands
        await engine.tell_chain(chain(NOON_MS + 100, spot=26_005.0))
        newest = await client.push(CHANNEL)
    assert (newest["spot"], newest["as_of"]) == (26_005.0, NOON_MS + 100)
    assert newest["strikes"][0]["ce"]["quality"] == "good"
    put = newest["strikes"][0]["pe"]
    assert (put["iv"], put["delta"], put["reason"]) == (None, None, "nothing was heard of it")
    assert (newest["ce_oi"], newest["pe_oi"]) == (1_500, None)


async def test_a_chain_goes_to_who_follows_it_however_it_is_written(web: Web, engine: Engine) -> None:
    async with web.client() as client, web.client() as stranger:
        await follow(client, "chain.reliance.2026-11-24")
        await follow(stranger, "chain.RELIANCE.2026-12-29")
        await engine.tell_chain(chain())
        assert (await client.push("chain.reliance.2026-11-24"))["underlying"] == "NSE:RELIANCE"
        await engine.tell_chain(chain(expiry=date(2026, 12, 29)))
        assert (await stranger.push("chain.RELIANCE.2026-12-29"))["expiry"] == "2026-12-29"


async def test_the_engine_is_told_which_chains_are_followed_and_says_why_one_can_not_be_had(
    web: Web, engine: Engine
) -> None:
    engine.refused = {"NSE:RELIANCE.2026-11-25": "no options of NSE:RELIANCE expire on 2026-11-25"}
    async with web.client() as client:
        await follow(client, CHANNEL, "chain.RELIANCE.2026-11-25", "ltp.RELIANCE")
        told = await client.until(lambda message: message.get("type") == "error")
        assert engine.chains == ["NSE:RELIANCE.2026-11-24", "NSE:RELIANCE.2026-11-25"]
    assert (told["code"], told["message"], told["temporary"]) == (410, *engine.refused.values(), True)


async def test_a_client_follows_so_many_chains_at_a_time_and_as_many_prices_as_before(
    web: Web, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SHARES, Kind.CHAIN, Share("option chains", client=2, together=16))
    names = [f"chain.RELIANCE.2026-11-{day}" for day in (24, 25, 26)]
    async with web.client() as client:
        results = await follow(client, *names, "ltp.RELIANCE")
        assert [result["ok"] for result in results] == [True, True, False, True]
        assert results[2]["error"]["code"] == 405
        assert "at most 2 option chains" in results[2]["error"]["message"]
        (result,) = await follow(client, names[1])
        assert result["ok"], "it follows that one already"
        await client.ask(action="unsubscribe", channels=names[:1])
        (result,) = await follow(client, names[2])
        assert result["ok"]


async def test_all_sockets_of_an_account_follow_so_many_chains_together(
    web: Web, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SHARES, Kind.CHAIN, Share("option chains", client=8, together=2))
    names = [f"chain.RELIANCE.2026-11-{day}" for day in (24, 25, 26)]
    one, two, other = headers(session="s1"), headers(session="s2"), headers(user="u2")
    async with (
        web.client(bearer=False, headers=one) as first,
        web.client(bearer=False, headers=two) as second,
        web.client(bearer=False, headers=other) as stranger,
    ):
        assert [result["ok"] for result in await follow(first, *names[:2])] == [True, True]
        known, new = await follow(second, names[1], names[2])
        assert known["ok"], "the account follows it already"
        assert new["error"]["code"] == 405
        assert "on all sockets of an account" in new["error"]["message"]
        assert [result["ok"] for result in await follow(stranger, names[2])] == [True]
        await first.ask(action="unsubscribe", channels=names[:1])
        assert [result["ok"] for result in await follow(second, names[2])] == [True]


async def test_another_engine_s_clock_may_go_slower(web: Web, engine: Engine) -> None:
    async with web.client() as client:
        await follow(client, CHANNEL)
        await engine.tell_chain(chain())
        await client.push(CHANNEL)
        engine.epoch += 1
        await engine.tell_chain(chain(NOON_MS - 5_000, spot=1.0))
        assert (await client.push(CHANNEL))["spot"] == 1.0


@pytest.mark.parametrize("name", ["chain.RELIANCE", "chain.RELIANCE.tomorrow", "chain.2026-11-24"])
async def test_a_chain_without_symbol_or_day_is_refused_with_how_it_is_written(
    web: Web, engine: Engine, name: str
) -> None:
    async with web.client() as client:
        (result,) = await follow(client, name)
    assert result["error"]["code"] == 400
    assert "chain.NSE:NIFTY.2026-11-26" in result["error"]["message"]


async def test_a_binary_client_reads_the_same_in_msgpack(web: Web, engine: Engine) -> None:
    await engine.hot.write_chains([chain()])
    async with web.client(subprotocols=[MSGPACK_SUBPROTOCOL]) as client:
        await client.socket.send(pack({"action": "subscribe", "channels": [CHANNEL]}))
        assert unpack(_bytes(await client.socket.recv()))["results"][0]["ok"]
        (push,) = unpack(_bytes(await client.socket.recv()))
    assert push == {"channel": CHANNEL, "offset": None, "data": written(chain())}


def _bytes(message: str | bytes) -> bytes:
    assert isinstance(message, bytes)
    return message

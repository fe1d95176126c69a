"""Books of a whole engine: brought for who asks, from the simulated exchange's depth feed to Redis, and no longer than asked for."""

from typing import Any

import msgspec
import pytest
from pydantic import SecretStr
from redis import Redis
from redis.client import PubSub

from actors import depths, reconnection
from actors.channels import DEPTH
from actors.messages import CredentialsChanged, DepthsFollowed, DepthWanted
from engine.credentials import Vault, sealing_keys
from engine.credentials.entered import TOKEN, entered
from engine.market.depth import Depth
from engine.providers.simulator.options import SIMULATED_CLIENT_ID, SimulatorOptions
from tests.engine.conftest import Stores
from tests.engine.harness import Bench, at, until, whole_engine

OPTIONS = SimulatorOptions(instruments=10, ticks_per_second=100)
INDEX = "NSE:NIFTY"


def shares(bench: Bench) -> list[str]:
    return [one.instrument for one in bench.simulator.exchange.market.listings if one.segment == "NSE_EQ"]


async def ask(bench: Bench, instrument: str) -> str:
    """Why it failed, if it did."""
    return (await bench.ref("depths").ask(DepthWanted(instrument), timeout_s=10))["failed"]


async def heard(channel: PubSub) -> list[Any]:
    """What is published next."""
    messages: list[Any] = []

    def has_come() -> bool:
        messages.append(channel.get_message())
        return messages[-1] is not None

    await until(has_come)
    return msgspec.msgpack.decode(messages[-1]["data"])


async def book_of(bench: Bench, instrument: str, *, since_ns: int = 0) -> Depth:
    """The hot copy, as soon as it is newer."""
    found: list[Depth] = []

    async def is_newer() -> bool:
        found.extend((await bench.hot.depths([instrument])).values())
        return bool(found) and found[-1].ts_recv > since_ns

    await until(is_newer)
    return found[-1]


async def test_who_looks_has_twenty_levels_in_redis_and_on_the_channel_also_after_the_line_was_cut(
    stores: Stores,
) -> None:
    async with whole_engine(stores, at("00:07:20"), options=OPTIONS) as bench:
        name, *_ = shares(bench)
        why = f"nobody tells the depth of {INDEX}: Dhan does, of NSE's shares and derivatives"
        with Redis.from_url(bench.settings.hot_url) as redis, redis.pubsub(ignore_subscribe_messages=True) as channel:
            channel.subscribe(DEPTH)
            assert await bench.ref("depths").ask(DepthsFollowed((name, INDEX)), timeout_s=10) == {
                "refused": {INDEX: why}
            }
            version, _, offset, ts_ns, [told] = await heard(channel)
        assert (version, offset, told["instrument"], told["source"]) == (1, 1, name, "simulator")
        assert 0 <= ts_ns // 1_000_000 - told["ts_recv"] < 5_000
        assert len(told["asks"]) == 20
        assert told["bids"][0][0] < told["asks"][0][0]

        book = await book_of(bench, name)
        bench.plan("close")
        await until(lambda: not bench.simulator.exchange.faults.planned())
        await book_of(bench, name, since_ns=max(book.ts_recv, bench.clock.now_ns()))
        assert bench.restarts("depth_lines_simulator") == 0


async def test_once_nobody_asks_any_more_the_connection_is_closed(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(depths, "ASKED_S", 3.0)
    monkeypatch.setattr(depths, "LOOK_S", 0.5)
    async with whole_engine(stores, at("00:07:20"), options=OPTIONS) as bench:
        door = bench.simulator.exchange.doors["simulator"]
        await until(lambda: door.statistics().clients == 1)
        assert await ask(bench, shares(bench)[0]) == ""
        await until(lambda: door.statistics().connections == 2)
        await until(lambda: door.statistics().clients == 1)


async def test_who_asks_while_the_token_is_dead_is_told_so_and_has_books_once_there_is_another(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconnection, "LOOK_S", 0.2)
    options = msgspec.structs.replace(OPTIONS, token="newer")
    async with whole_engine(stores, at("00:07:20"), options=options, secret_key=SecretStr("s" * 40)) as bench:
        name, *_ = shares(bench)

        async def is_refused() -> bool:
            return "401" in await ask(bench, name)

        await until(is_refused)
        credential = entered("simulator", SIMULATED_CLIENT_ID, {TOKEN: "newer"}, source="admin")
        await Vault(bench.durable, sealing_keys(bench.settings)).keep(credential)
        await bench.ref("credentials").ask(CredentialsChanged(), timeout_s=10)
        assert (await book_of(bench, name)).provider == "simulator"
        assert await ask(bench, name) == ""

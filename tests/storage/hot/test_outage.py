"""The server dies, is slow, full or wrong: the error says so, in time and without secrets, and afterwards it goes on."""

import asyncio
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from engine.storage.embedded import prepare_valkey
from engine.storage.errors import HotStoreError, HotStoreUnavailableError
from engine.storage.hot import HotStore
from tests.storage.conftest import Opener
from tests.storage.killable import Killable, killable_server
from tests.storage.proxy import Proxy
from tests.storage.samples import NOW, bars, report

pytestmark = pytest.mark.anyio


@pytest.fixture
def killable(data_folder: Path) -> Generator[Killable]:
    with killable_server(prepare_valkey(data_folder)) as server:
        yield server


async def test_what_was_flushed_survives_kill_9_and_the_store_goes_on(killable: Killable, opened: Opener) -> None:
    store: HotStore = await opened(HotStore, killable.url)
    await store.write_candles(bars(100))
    await store.append_events([("1-0", b"a")])
    epoch, _ = await store.events_position()
    await asyncio.sleep(1.2)  # appendfsync everysec
    killable.kill()

    before = time.monotonic()
    with pytest.raises(HotStoreUnavailableError):
        await store.write_live([report()])
    assert time.monotonic() - before < 3
    killable.start()

    await store.write_live([report()])
    assert await store.candles("NSE:RELIANCE", "1m", 0, NOW) == bars(100)
    assert await store.read_events("0") == [("1-0", b"a")]
    assert (await store.events_position())[0] != epoch  # its last second may be gone: nobody may resume across that


async def test_a_subscription_ends_when_the_server_dies(killable: Killable, opened: Opener) -> None:
    store: HotStore = await opened(HotStore, killable.url)
    async with store.subscribe("market_data") as messages:
        killable.kill()
        with pytest.raises(HotStoreUnavailableError):
            await messages.receive()
    with pytest.raises(HotStoreUnavailableError):
        async with store.subscribe("market_data"):
            pass


async def test_a_server_that_does_not_answer_is_given_up_in_time(redis_url: str, opened: Opener) -> None:
    async with Proxy.before(redis_url) as proxy:
        store: HotStore = await opened(HotStore, proxy.url, answer_timeout_s=0.2)
        proxy.fall_silent()
        before = time.monotonic()
        with pytest.raises(HotStoreUnavailableError, match="in time"):
            await store.ping()
        assert time.monotonic() - before < 4
        proxy.speak()
        await store.ping()


async def test_a_full_server_is_waited_for(redis_url: str, opened: Opener) -> None:
    store: HotStore = await opened(HotStore, redis_url)
    await store._link.call("CONFIG", "SET", "maxmemory", "1")
    try:
        for write in (store.write_heartbeat({"a": 1}), store.write_live([report()]), store.write_candles(bars(1))):
            with pytest.raises(HotStoreUnavailableError, match="maxmemory"):
                await write
    finally:
        await store._link.call("CONFIG", "SET", "maxmemory", "0")


async def test_a_wrong_password_is_said_and_not_repeated(redis_url: str) -> None:
    user, _, rest = redis_url.rpartition("@")
    with pytest.raises(HotStoreError, match="refused the user or password") as refused:
        await HotStore.connect(f"redis://:hunter2@{rest}")
    assert not isinstance(refused.value, HotStoreUnavailableError)
    assert "hunter2" not in str(refused.value)
    assert user


@pytest.mark.parametrize("url", ["redis://:hun:ter2@nowhere:port/1", "http://hunter2@host", "hunter2", ""])
async def test_a_bad_address_is_explained_without_being_quoted(url: str) -> None:
    with pytest.raises(HotStoreError, match="REDIS_URL is no address") as refused:
        await HotStore.connect(url)
    assert "ter2" not in f"{refused.value!r} {refused.value.__cause__!r}"


async def test_an_error_of_the_server_is_no_outage(redis_url: str, opened: Opener) -> None:
    store: HotStore = await opened(HotStore, redis_url)
    await store._link.call("SET", "seen", "not a hash")
    with pytest.raises(HotStoreError, match="WRONGTYPE") as refused:
        await store.set_seen("dhan", 1)
    assert not isinstance(refused.value, HotStoreUnavailableError)

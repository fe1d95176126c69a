"""Listening: nothing is missed inside, and a lost connection is never hidden."""

import anyio
import pytest

from engine.storage.errors import HotStoreUnavailableError
from engine.storage.hot import HotStore
from engine.storage.hot.subscription import subscribed
from tests.storage.conftest import Opener
from tests.storage.proxy import Proxy

pytestmark = pytest.mark.anyio


async def test_what_is_published_is_heard_in_order(hot: HotStore) -> None:
    async with hot.subscribe("market_data", "live_ltp_updates") as messages:
        assert await hot.publish("market_data", b"\x01\xff") == 1
        await hot.publish("live_ltp_updates", b"{}")
        await hot.publish("another", b"not for us")
        await hot.publish("market_data", b"2")

        heard = [await anext(messages) for _ in range(3)]

    assert heard == [("market_data", b"\x01\xff"), ("live_ltp_updates", b"{}"), ("market_data", b"2")]
    assert await hot.publish("market_data", b"3") == 0


async def test_a_lost_connection_ends_the_subscription_with_an_error(hot: HotStore) -> None:
    async with hot.subscribe("market_data") as messages:
        await hot._link.call("CLIENT", "KILL", "TYPE", "pubsub")
        with pytest.raises(HotStoreUnavailableError):
            await messages.receive()


async def test_silence_is_told_from_a_connection_that_died_silently(redis_url: str, opened: Opener) -> None:
    async with Proxy.before(redis_url) as proxy:
        store: HotStore = await opened(HotStore, proxy.url)
        async with subscribed(store._link, "market_data", quiet_s=0.05) as messages:
            async with anyio.create_task_group() as group:
                group.start_soon(_publish_later, store, 0.3)
                assert await messages.receive() == ("market_data", b"late")  # quiet, but it answered pings
            proxy.fall_silent()
            with pytest.raises(HotStoreUnavailableError, match="not even an answer to a ping"), anyio.fail_after(1):
                await messages.receive()


async def _publish_later(store: HotStore, delay_s: float) -> None:
    await anyio.sleep(delay_s)
    await store.publish("market_data", b"late")

"""Many keys with their expiries: the same by command and by script."""

import pytest

from engine.storage.hot.link import RedisLink
from engine.storage.hot.setting import ExpiringKeys
from tests.storage.conftest import Opener

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("natively", [True, False])
async def test_each_group_lives_as_long_as_it_should(natively: bool, redis_url: str, opened: Opener) -> None:
    link: RedisLink = await opened(RedisLink, redis_url)
    await link.call("SET", "a", "before")

    await ExpiringKeys(link, natively=natively).set({30: ["a", 1.5, "b", b"\x00\xff"], 90: ["c", "text"], 7: []})

    assert await link.call("MGET", "a", "b", "c") == [b"1.5", b"\x00\xff", b"text"]
    assert [await link.call("TTL", name) for name in "abc"] == [30, 30, 90]


async def test_the_command_is_used_where_the_server_has_it(redis_url: str, opened: Opener) -> None:
    link: RedisLink = await opened(RedisLink, redis_url)
    assert (await ExpiringKeys.of(link)).natively


@pytest.mark.timeseries
async def test_the_script_is_used_where_the_server_is_older(timeseries_url: str, opened: Opener) -> None:
    link: RedisLink = await opened(RedisLink, timeseries_url)
    assert not (await ExpiringKeys.of(link)).natively

"""The book of started streams, changed by several processes at once; the same on each kind of server."""

import anyio
import msgspec
import pytest

from engine.storage.hot import HotStore, PriceStream

pytestmark = pytest.mark.anyio

KEY = "abc"
STREAM = PriceStream(KEY, ("NSE:A",), {"user:1": 5}, 5)


async def ttl(hot: HotStore) -> int:
    return await hot._link.call("TTL", f"websocket_stream:{KEY}")  # pyright: ignore[reportPrivateUsage]


async def test_a_stream_is_kept_for_an_hour_and_taken_away(hot: HotStore) -> None:
    assert await hot.streams() == {}
    assert await hot.change_stream(KEY, lambda _: STREAM) == (None, STREAM)
    assert await hot.streams() == {KEY: STREAM}
    assert 3598 <= await ttl(hot) <= 3600
    assert await hot.change_stream(KEY, lambda _: None) == (STREAM, None)
    assert await hot.change_stream(KEY, lambda _: None) == (None, None)
    assert await hot.streams() == {}


async def test_what_is_the_same_is_renewed(hot: HotStore) -> None:
    await hot.change_stream(KEY, lambda _: STREAM)
    await hot._link.call("EXPIRE", f"websocket_stream:{KEY}", 7)  # pyright: ignore[reportPrivateUsage]
    await hot.change_stream(KEY, lambda stream: stream)
    assert await ttl(hot) > 3590


async def test_one_that_nobody_renewed_is_forgotten(hot: HotStore) -> None:
    await hot.change_stream(KEY, lambda _: STREAM)
    await hot._link.call("DEL", f"websocket_stream:{KEY}")  # pyright: ignore[reportPrivateUsage]
    assert await hot.streams() == {}
    assert await hot._link.call("SMEMBERS", "websocket_streams") == set()  # pyright: ignore[reportPrivateUsage]


async def test_of_changes_at_the_same_time_none_is_lost(hot: HotStore) -> None:
    async def join(number: int) -> None:
        def with_owner(stream: PriceStream | None) -> PriceStream:
            known = stream or msgspec.structs.replace(STREAM, owners={})
            return msgspec.structs.replace(known, owners={**known.owners, f"user:{number}": number})

        await hot.change_stream(KEY, with_owner)

    async with anyio.create_task_group() as tasks:
        for number in range(8):
            tasks.start_soon(join, number)
    assert len((await hot.streams())[KEY].owners) == 8

"""redis-py repeats a command whose answer was lost: whatever we send may run twice and must do so without harm."""

# What a server holds is read past the store.
# pyright: reportPrivateUsage=false

from collections.abc import Awaitable, Callable

import pytest

from engine.storage.hot import HotStore
from engine.storage.hot.link import Script
from tests.storage.conftest import Opener
from tests.storage.proxy import Proxy
from tests.storage.samples import NOW, bar, bars, report, revised

pytestmark = pytest.mark.anyio

WRITES: dict[str, Callable[[HotStore], Awaitable[object]]] = {
    "a flush": lambda store: store.write_live([report()]),
    "candles": lambda store: store.write_candles([*bars(3), revised(bar(), 2)], {"NSE:RELIANCE"}),
    "events": lambda store: store.append_events([("1-0", b"a"), ("2-0", b"b")]),
    "a lease": lambda store: store.acquire_lease("me", 15),
    "a heartbeat": lambda store: store.write_heartbeat({"engine": "me"}),
    "maps": lambda store: store.set_maps("dhan", {"NSE:A": "NSE_EQ|1"}, {"NSE_EQ:1": "NSE:A"}),
    "a tree": lambda store: store.publish_tree("engine", {"a": 1}),
    "a reply": lambda store: store.reply("1", {"a": 1}),
    "a ticket": lambda store: store.keep_ticket("ab", b"who"),
    "a command": lambda store: store._link.run(Script("send_command"), ["control:engine", "sent"], [b"wish", 1000, 30]),
}


async def _content(store: HotStore) -> dict[bytes, object]:
    """Everything the server holds, in plain values, times of expiry apart."""
    content: dict[bytes, object] = {}
    for name in sorted(await store._link.call("KEYS", "*")):
        kind = await store._link.call("TYPE", name)
        reads = {
            b"string": ("GET", name),
            b"hash": ("HGETALL", name),
            b"list": ("LRANGE", name, 0, -1),
            b"set": ("SMEMBERS", name),
            b"TSDB-TYPE": ("TS.RANGE", name, "-", "+"),
        }
        if kind in (b"stream", "stream"):
            content[name] = [fields for _, fields in await store._link.call("XRANGE", name, "-", "+")]
        else:
            content[name] = await store._link.call(*reads[kind if isinstance(kind, bytes) else kind.encode()])
    return content


@pytest.mark.parametrize("what", WRITES)
async def test_a_write_whose_answer_was_lost_leaves_what_one_write_leaves(
    what: str, hot_url: str, opened: Opener
) -> None:
    direct: HotStore = await opened(HotStore, hot_url)
    await WRITES[what](direct)
    expected = await _content(direct)
    await direct._link.call("FLUSHDB")

    async with Proxy.before(hot_url) as proxy:
        store: HotStore = await opened(HotStore, proxy.url)
        await store.ping()
        proxy.lose_answers = 1
        await WRITES[what](store)

        assert proxy.lost == 1
    assert await _content(direct) == expected
    if what == "candles":
        assert len(await direct.candles("NSE:RELIANCE", "1m", 0, NOW)) == 3

"""The shipped client and depth: asked for, and followed."""

from contextlib import aclosing
from datetime import UTC, datetime

import pytest

from engine.storage.hot import HotStore
from tests.storage.depths import NOON_NS, book
from tests.web.engine import Engine
from tests.web.process import TOKEN, Web
from ticktree_client import Client, Depth, DepthLevel, RefusedError
from web.depths import AWAY

pytestmark = pytest.mark.anyio

RELIANCE = "NSE:RELIANCE"
BIDS = (DepthLevel(1650.25, 100, 3), DepthLevel(1650.20, 50, 1))
ASKS = (DepthLevel(1650.30, 70, 2),)
NOON = datetime.fromtimestamp(NOON_NS / 1e9, UTC)


@pytest.fixture
def client(web: Web) -> Client:
    return Client(f"http://127.0.0.1:{web.port}", token=TOKEN, trust_env=False)


async def test_a_depth_is_read_with_why_nobody_keeps_it_fresh(client: Client, hot: HotStore) -> None:
    async with client:
        lacking = await client.depth(RELIANCE)
        assert lacking == Depth(instrument=RELIANCE, bids=(), asks=(), time=None, source="", failed=AWAY)
        await hot.write_depths([book(RELIANCE)])
        told = await client.depth("reliance")
        assert told == Depth(instrument=RELIANCE, bids=BIDS, asks=ASKS, time=NOON, source="dhan", failed=AWAY)
        with pytest.raises(RefusedError, match="RELIANC"):
            await client.depth("NSE:RELIANC")


async def test_each_newer_book_is_told_to_who_follows_it(client: Client, hot: HotStore, engine: Engine) -> None:
    await hot.write_depths([book(RELIANCE)])
    async with client, aclosing(client.follow(f"depth.{RELIANCE}")) as events:
        assert await anext(events) == Depth(instrument=RELIANCE, bids=BIDS, asks=ASKS, time=NOON, source="dhan")
        await engine.tell_depths(book(RELIANCE, NOON_NS + 1_000_000, best_bid=1651.0))
        newer = await anext(events)
    assert isinstance(newer, Depth)
    assert newer.bids[0].price == 1651.0

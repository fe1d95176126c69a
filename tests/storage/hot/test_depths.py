"""The current depths as Redis keeps them, the same on each kind of server."""

import pytest

from engine.market.depth import Depth
from engine.storage.hot import HotStore
from tests.storage.depths import NOON_NS, book

pytestmark = pytest.mark.anyio


async def test_the_newest_book_of_each_instrument_is_kept_for_a_minute(hot: HotStore) -> None:
    await hot.write_depths([book(), book("NSE:INFY")])
    newest = book(ts_recv=NOON_NS + 200_000_000, best_bid=1651.0)
    await hot.write_depths([newest])

    assert await hot.depths(["NSE:HDFCBANK", "NSE:NOBODY", "NSE:INFY"]) == {
        "NSE:HDFCBANK": newest,
        "NSE:INFY": book("NSE:INFY"),
    }
    left_s = await hot._link.call("TTL", "depth:NSE:HDFCBANK")  # pyright: ignore[reportPrivateUsage]
    assert 50 <= left_s <= 60


async def test_a_book_without_orders_on_a_side_is_kept_with_its_time_in_whole_milliseconds(hot: HotStore) -> None:
    await hot.write_depths([Depth("NSE:A", (), (), NOON_NS + 1_999_999, "simulator")])
    assert await hot.depths(["NSE:A"]) == {"NSE:A": Depth("NSE:A", (), (), NOON_NS + 1_000_000, "simulator")}


async def test_without_instruments_nothing_is_asked_or_written(hot: HotStore) -> None:
    await hot.write_depths([])
    assert await hot.depths([]) == {}

"""Last prices as Redis keeps them, the same on each kind of server."""

import pytest

from engine.storage.hot import HotStore, LastPrice
from tests.storage.samples import report

pytestmark = pytest.mark.anyio


async def test_last_prices_tell_what_a_tick_or_a_provider_said_and_since_when(hot: HotStore) -> None:
    told = report(quote={"ltp": 2459.95, "ts_event": 7_000_000})
    await hot.write_live([told])
    await hot.keep_asked({"NSE_EQ:1333": 1.0, "NSE_EQ:2": 2.5}, ["NSE_EQ:2", "NSE_EQ:3"], 9)

    places: dict[str, str | None] = {
        "NSE_EQ:1333": "NSE:RELIANCE",
        "NSE_EQ:2": "NSE:TCS",
        "NSE_EQ:3": None,
        "NSE_EQ:4": "NSE:X",
    }
    assert await hot.last_prices(places) == {
        "NSE_EQ:1333": LastPrice(2459.95, 7),
        "NSE_EQ:2": LastPrice(2.5, 9, 9),
        "NSE_EQ:3": LastPrice(asked_ms=9),
        "NSE_EQ:4": LastPrice(),
    }
    for name in ("ltp:NSE_EQ:2", "asked:NSE_EQ:3"):
        left_s = await hot._link.call("TTL", name)  # pyright: ignore[reportPrivateUsage]
        assert 28 <= left_s <= 30, name
    assert await hot.last_prices({}) == {}
    await hot.keep_asked({}, [], 9)

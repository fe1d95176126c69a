"""The current option chains as Redis keeps them, the same on each kind of server."""

from datetime import date

import pytest

from engine.storage.hot import HotStore
from tests.storage.chains import EXPIRY, NIFTY, NOON_MS, snapshot

pytestmark = pytest.mark.anyio


async def test_the_newest_snapshot_of_each_chain_is_kept_for_a_day(hot: HotStore) -> None:
    await hot.write_chains([snapshot(), snapshot(underlying="NSE:BANKNIFTY")])
    newest = snapshot(NOON_MS + 100, spot=None)
    await hot.write_chains([newest])

    other = date(2026, 12, 29)
    assert await hot.chains([(NIFTY, EXPIRY), (NIFTY, other)]) == {(NIFTY, EXPIRY): newest}
    assert await hot.chain("NSE:BANKNIFTY", EXPIRY) == snapshot(underlying="NSE:BANKNIFTY")
    assert await hot.chain(NIFTY, other) is None
    left_s = await hot._link.call("TTL", "chain:NSE:NIFTY:2026-11-24")  # pyright: ignore[reportPrivateUsage]
    assert 86_390 <= left_s <= 86_400


async def test_without_chains_nothing_is_asked_or_written(hot: HotStore) -> None:
    await hot.write_chains([])
    assert await hot.chains([]) == {}

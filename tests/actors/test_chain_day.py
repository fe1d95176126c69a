"""A day of an option chain, lived through in virtual time, kept a snapshot a minute, and looked at again afterwards."""

from typing import Any

from engine.market.chain_snapshot import ChainSnapshot
from engine.market.chain_summary import ChainSummary
from engine.storage.memory import MemoryDurableStore
from tests.actors.chain_day import CLOSE, CONTRACTS, NFO, OPEN, day, lived_through
from tests.market.builders import MINUTE
from tests.market.chains import EXPIRY, UNDERLYING, book


async def replayed(durable: MemoryDurableStore) -> list[ChainSnapshot]:
    """The day as a reader pages through it."""
    found: list[ChainSnapshot] = []
    since_ns = OPEN
    while page := await durable.chains.snapshots(UNDERLYING, EXPIRY, since_ns, CLOSE + MINUTE, limit=50):
        found += page
        since_ns = page[-1].as_of * 1_000_000 + 1
    return found


async def test_a_day_is_looked_at_again_minute_by_minute_as_it_was(autojump_clock: Any) -> None:
    durable = MemoryDurableStore()
    await lived_through(durable)
    kept = await replayed(durable)

    minutes = [one.as_of // 60_000 for one in kept]
    first = OPEN // MINUTE
    assert minutes == list(range(first, first + 386)), "each minute from the open, and how it closed"
    summaries = await durable.chains.summaries(UNDERLYING, EXPIRY, OPEN, CLOSE + MINUTE)
    assert summaries == [ChainSummary.of(one) for one in kept]

    again = book(NFO, *CONTRACTS)
    ticks = iter([tick for told in day() for tick in told])
    coming = next(ticks, None)
    for one in kept:
        while coming is not None and coming.ts_recv <= one.as_of * 1_000_000:
            again.take(coming)
            coming = next(ticks, None)
        assert again.snapshot(one.as_of * 1_000_000) == one, "another book that hears the same says the same"

    for one, following in zip(kept[::40], kept[1::40], strict=False):
        before_ns = following.as_of * 1_000_000 - 1
        assert await durable.chains.snapshot_at(UNDERLYING, EXPIRY, before_ns) == one

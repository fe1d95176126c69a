"""Option chains as they were, in memory."""

from collections.abc import Iterator, Sequence
from datetime import date

from engine.market.chain_snapshot import ChainSnapshot
from engine.market.chain_summary import ChainSummary
from engine.storage.durable.chains import A_PAGE, ChainSnapshots, minute_of
from engine.storage.memory.tables import Tables

_MS_NS = 1_000_000


class MemoryChainSnapshots(ChainSnapshots):
    """Snapshots by underlying, expiry and minute."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def save(self, snapshots: Sequence[ChainSnapshot]) -> None:
        """Saves snapshots; of each minute the first stays."""
        await self._tables.arrive()
        for one in snapshots:
            if self._tables.known((one.underlying, one.future or "")):
                kept = self._tables.chains.setdefault((one.underlying, one.expiry), {})
                kept.setdefault(minute_of(one), one)

    async def snapshots(
        self, underlying: str, expiry: date, start_ns: int, end_ns: int, limit: int = A_PAGE
    ) -> list[ChainSnapshot]:
        """The snapshots of instants in [start, end), oldest first; the first so many."""
        await self._tables.arrive()
        return [*self._between(underlying, expiry, start_ns, end_ns)][:limit]

    async def snapshot_at(self, underlying: str, expiry: date, at_ns: int) -> ChainSnapshot | None:
        """The newest snapshot of an instant that is not after ``at_ns``."""
        await self._tables.arrive()
        return next(reversed([*self._between(underlying, expiry, 0, at_ns + 1)]), None)

    async def summaries(self, underlying: str, expiry: date, start_ns: int, end_ns: int) -> list[ChainSummary]:
        """The figures of the instants in [start, end), oldest first."""
        await self._tables.arrive()
        return [ChainSummary.of(one) for one in self._between(underlying, expiry, start_ns, end_ns)]

    def _between(self, underlying: str, expiry: date, start_ns: int, end_ns: int) -> Iterator[ChainSnapshot]:
        kept = self._tables.chains.get((underlying, expiry), {})
        return (one for _, one in sorted(kept.items()) if start_ns <= one.as_of * _MS_NS < end_ns)

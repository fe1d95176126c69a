"""Ticks in memory: by instrument and time of receipt."""

from collections.abc import Sequence

from engine.market.kept_tick import KeptTick
from engine.storage.durable.ticks import Ticks
from engine.storage.memory.tables import Tables


class MemoryTicks(Ticks):
    """The ticks of the instruments whose ticks are to be kept."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def kept(self) -> list[str]:
        """The active instruments whose ticks are to be kept, by canonical name."""
        await self._tables.arrive()
        return sorted(self._tables.tick_keeping - self._tables.retired)

    async def save(self, ticks: Sequence[KeptTick]) -> int:
        """Saves ticks, and answers how many of them were new."""
        await self._tables.arrive()
        new = 0
        for tick in ticks:
            if tick.instrument in self._tables.instruments:
                known = self._tables.ticks.setdefault(tick.instrument, {})
                new += tick.received_us not in known
                known.setdefault(tick.received_us, tick)
        return new

    async def read(
        self, instrument: str, start_us: int, end_us: int, limit: int, *, newest_first: bool = False
    ) -> list[KeptTick]:
        """The first ticks that were received in [start, end), or the last ones, the newest first."""
        await self._tables.arrive()
        known = self._tables.ticks.get(instrument, {})
        times = sorted((time for time in known if start_us <= time < end_us), reverse=newest_first)
        return [known[time] for time in times[:limit]]

"""Reading ticks: PostgreSQL and the newest in Redis as one list, each tick once."""

import msgspec

from engine.market.kept_tick import KeptTick
from engine.storage.durable import DurableStore
from engine.storage.history import given, missing_stores, or_away
from engine.storage.hot import HotStore


class TickRange(msgspec.Struct, frozen=True):
    """Ticks of one instrument, by their times of receipt."""

    ticks: list[KeptTick]
    missing: tuple[str, ...] = ()
    """The stores that were away: what only they hold is not among the ticks."""


class TickReader:
    """Joins what the two stores hold; does with one of them, and says so."""

    def __init__(self, hot: HotStore, durable: DurableStore) -> None:
        self._hot = hot
        self._durable = durable

    async def read(
        self, instrument: str, start_us: int, end_us: int, limit: int, *, newest_first: bool = False
    ) -> TickRange:
        """The first ticks received in [start, end), or the last, the newest first. Raises when both stores are away.

        Redis goes first: what it let go by then PostgreSQL has, and what it still has may be saved in between.
        """
        recent = await or_away(self._recent(instrument, start_us, end_us))
        saved = await or_away(self._durable.ticks.read(instrument, start_us, end_us, limit, newest_first=newest_first))
        found = {tick.received_us: tick for tick in [*given(saved), *given(recent)]}
        times = sorted(found, reverse=newest_first)[:limit]
        return TickRange([found[time] for time in times], missing_stores(saved, recent))

    async def _recent(self, instrument: str, start_us: int, end_us: int) -> list[KeptTick]:
        return (await self._hot.recent_ticks([instrument], start_us, end_us)).get(instrument, [])

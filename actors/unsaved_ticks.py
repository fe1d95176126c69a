"""Ticks on their way to PostgreSQL: they wait while it is away, and one that it can not hold keeps back no other."""

from collections.abc import Iterable, Sequence

import structlog

from engine.market.kept_tick import KeptTick
from engine.storage.durable.ticks import Ticks
from engine.storage.errors import DurableStoreError, UnfitRowError

log = structlog.get_logger("ticktree.tick_keeper")

BATCH = 50_000
"""Ticks in one transaction: it takes a quarter of a second."""
UNSAVED_LIMIT = 200_000
"""Ticks kept while PostgreSQL takes none; beyond, the oldest are forgotten."""


class UnsavedTicks:
    """The oldest first. While they are saved more may come, and the oldest that are not under way be forgotten."""

    def __init__(self, ticks: Ticks) -> None:
        self._ticks = ticks
        self._waiting: list[KeptTick] = []
        self._under_way = 0
        self._is_away = False
        self.saved = 0
        """How many were new to PostgreSQL."""
        self.forgotten = 0
        """How many were beyond the limit."""
        self.refused = 0
        """How many it can not hold."""

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, ticks: Iterable[KeptTick]) -> None:
        """They are saved after all others."""
        self._waiting.extend(ticks)

    def forget_oldest(self) -> None:
        """Forgets what is beyond the limit."""
        surplus = max(0, len(self._waiting) - self._under_way - UNSAVED_LIMIT)
        del self._waiting[self._under_way : self._under_way + surplus]
        self.forgotten += surplus

    async def save(self) -> None:
        """Saves all that wait. What fails is kept, to be tried again."""
        try:
            while self._waiting:
                batch = self._waiting[:BATCH]
                self._under_way = len(batch)
                self.saved += await self._save(batch)
                del self._waiting[: len(batch)]
        except DurableStoreError as error:
            if not self._is_away:
                log.warning("ticks_not_saved", error=str(error), waiting=len(self._waiting))
            self._is_away = True
        else:
            self._is_away = False
        finally:
            self._under_way = 0

    async def _save(self, batch: Sequence[KeptTick]) -> int:
        """A batch that PostgreSQL can not hold is halved, until the one is found that it is about."""
        try:
            return await self._ticks.save(batch)
        except UnfitRowError as error:
            middle = len(batch) // 2
            if middle:
                return await self._save(batch[:middle]) + await self._save(batch[middle:])
            log.warning("tick_refused", tick=batch[0], error=str(error))
            self.refused += 1
            return 0

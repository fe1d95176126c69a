"""Ticks on their way to PostgreSQL: they wait while it is away, and one that it can not hold keeps back no other."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter

import structlog

from engine.market.kept_tick import KeptTick
from engine.storage.durable.ticks import Ticks
from engine.storage.errors import DurableStoreError, UnfitRowError

log = structlog.get_logger("ticktree.tick_keeper")
_received = attrgetter("received_us")
_instrument = attrgetter("instrument")

BATCH = 50_000
"""Ticks in one transaction: it takes a quarter of a second."""
UNSAVED_LIMIT = 200_000
"""Ticks kept while PostgreSQL takes none, here and in Redis; beyond, the oldest are forgotten."""


class UnsavedTicks:
    """The oldest first. While they are saved more may come, and the oldest that are not under way be forgotten."""

    def __init__(self, ticks: Ticks) -> None:
        self._ticks = ticks
        self._waiting: list[KeptTick] = []
        self._resumed = 0
        """How many of them a keeper before this one left, at most: the limit is of what came since."""
        self._newest_us = 0
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

    def __iter__(self) -> Iterator[KeptTick]:
        return iter(self._waiting)

    @property
    def since_us(self) -> int:
        """When the oldest was received; where none waits, a moment after all that ever did."""
        return min(map(_received, self._waiting), default=self._newest_us + 1)

    def by_instrument(self) -> Mapping[str, int]:
        """How many of each there are."""
        return Counter(map(_instrument, self._waiting))

    def add(self, tick: KeptTick) -> None:
        """It is saved after all others."""
        self._waiting.append(tick)
        self._newest_us = max(self._newest_us, tick.received_us)

    def resume(self, ticks: Iterable[KeptTick], saved_us: int) -> None:
        """Those that a keeper before this one may not have saved, which no limit is of; all before ``saved_us`` it had."""
        self._newest_us = max(self._newest_us, saved_us - 1)
        for tick in sorted(ticks, key=_received):
            self.add(tick)
            self._resumed += 1

    def forget_oldest(self) -> None:
        """Forgets what is beyond the limit."""
        surplus = max(0, len(self._waiting) - self._under_way - self._resumed - UNSAVED_LIMIT)
        del self._waiting[self._under_way : self._under_way + surplus]
        self.forgotten += surplus

    async def save(self, count: int) -> None:
        """Saves so many that wait, the oldest: others are to be in Redis first. What fails is kept, to be tried again."""
        left = count
        try:
            while batch := self._waiting[: min(BATCH, left)]:
                self._under_way = len(batch)
                self.saved += await self._save(batch)
                del self._waiting[: len(batch)]
                left -= len(batch)
        except DurableStoreError as error:
            if not self._is_away:
                log.warning("ticks_not_saved", error=str(error), waiting=len(self._waiting))
            self._is_away = True
        else:
            self._is_away, self._resumed = False, 0
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

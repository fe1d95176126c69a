"""The keeper of ticks: every tick of the instruments whose ticks are to be kept goes to Redis, and on to PostgreSQL."""

from collections import deque
from collections.abc import Collection
from typing import Any, ClassVar

import structlog

from actors.messages import Count, Flush, Follow, FollowAnew
from engine.market import Calendars, InstrumentKind, Tick
from engine.market.kept_tick import KeptTick, TickTape
from engine.runtime import ActorRef, MailboxSpec, Overflow, TaskActor, handles
from engine.storage.durable import DurableStore
from engine.storage.errors import HotStoreUnavailableError, StorageUnavailableError
from engine.storage.hot import HotStore

log = structlog.get_logger("ticktree.tick_keeper")

FLUSH_INTERVAL_S = 1.0
"""What a machine that loses its power takes along."""
FOLLOW_INTERVAL_S = 5.0
BATCH = 50_000
"""Ticks in one transaction: it takes a quarter of a second."""
UNSAVED_LIMIT = 200_000
"""Ticks kept while PostgreSQL takes none; beyond, the oldest are forgotten, counted and told."""
UNSHOWN_LIMIT = 50_000
"""The same for Redis, which keeps only the newest anyway."""


class TickKeeper(TaskActor):
    """Hot before cold: what a killed keeper leaves in Redis its successor saves, each tick once."""

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=50_000, overflow=Overflow.DROP_OLDEST)
    drains: ClassVar[bool] = True

    def __init__(self, hot: HotStore, durable: DurableStore, calendars: Calendars, *, broadcaster: ActorRef) -> None:
        super().__init__()
        self._hot = hot
        self._durable = durable
        self._calendars = calendars
        self._broadcaster = broadcaster
        self._tapes: dict[str, TickTape] = {}
        self._unshown: deque[KeptTick] = deque(maxlen=UNSHOWN_LIMIT)
        self._unsaved: list[KeptTick] = []
        self._dropped = 0
        self._saved = 0
        self._lost = 0
        self._away = False

    async def on_start(self) -> None:
        self._dropped = self._mailbox_drops()
        await self._follow()
        self.send_every(FLUSH_INTERVAL_S, Flush())
        self.send_every(FOLLOW_INTERVAL_S, FollowAnew())

    async def on_stop(self) -> None:
        """What PostgreSQL does not take now stays in Redis for the next keeper."""
        await self._flush()

    @handles(Tick)
    def on_tick(self, tick: Tick) -> None:
        tape = self._tapes.get(tick.instrument)
        if tape is not None:
            kept = tape.add(tick)
            self._unshown.append(kept)
            self._unsaved.append(kept)

    @handles(Flush)
    async def on_flush(self, _: Flush) -> None:
        await self._flush()

    @handles(FollowAnew)
    async def on_follow_anew(self, _: FollowAnew) -> None:
        await self._follow()

    @handles(Count)
    def on_count(self, _: Count) -> dict[str, int]:
        return {
            "ticks_followed": len(self._tapes),
            "ticks_saved": self._saved,
            "ticks_unsaved": len(self._unsaved),
            "ticks_lost": self._lost,
        }

    # -- who is followed

    async def _follow(self) -> None:
        """While a store is away, those who were followed go on being followed."""
        try:
            wanted = await self._durable.ticks.kept()
            await self._begin([name for name in wanted if name not in self._tapes])
            self._tapes = {name: self._tapes[name] for name in wanted if name in self._tapes}
        except StorageUnavailableError as error:
            log.debug("kept_ticks_not_read", error=str(error))
        self._broadcaster.tell(Follow(self.actor_ref, frozenset(self._tapes)))

    async def _begin(self, names: Collection[str]) -> None:
        """Each goes on from its newest tick in Redis; whether all of those were saved, only PostgreSQL knows."""
        instruments = await self._durable.named_instruments(names)
        recent = await self._hot.recent_ticks(list(instruments))
        for name, instrument in instruments.items():
            is_traded = instrument.kind is not InstrumentKind.INDEX
            tape = self._tapes[name] = TickTape(self._calendars.of(name), counts_ticks=is_traded)
            if name in recent:
                tape.resume(recent[name][-1], self.system.clock.now_ns())
                self._unsaved += recent[name]

    # -- what is kept

    async def _flush(self) -> None:
        self._confess()
        await self._show()
        await self._save()

    async def _show(self) -> None:
        try:
            await self._hot.write_ticks(self._unshown)
        except HotStoreUnavailableError as error:
            log.debug("recent_ticks_not_written", error=str(error))
        else:
            self._unshown.clear()

    async def _save(self) -> None:
        """What fails is kept, and tried at the next flush."""
        try:
            while self._unsaved:
                batch = self._unsaved[:BATCH]
                self._saved += await self._durable.ticks.save(batch)
                del self._unsaved[: len(batch)]
        except StorageUnavailableError as error:
            if not self._away:
                log.warning("ticks_not_saved", error=str(error), waiting=len(self._unsaved))
            self._away = True
            self._forget_oldest()
        else:
            self._away = False

    def _forget_oldest(self) -> None:
        surplus = len(self._unsaved) - UNSAVED_LIMIT
        if surplus > 0:
            del self._unsaved[:surplus]
            self._lose(surplus, "PostgreSQL took nothing for too long")

    def _confess(self) -> None:
        dropped = self._mailbox_drops()
        if dropped != self._dropped:
            self._lose(dropped - self._dropped, "more came than could be kept")
            self._dropped = dropped

    def _lose(self, count: int, why: str) -> None:
        self._lost += count
        log.warning("ticks_lost", count=count, why=why)

    def _mailbox_drops(self) -> int:
        mailbox: Any = self.actor_inbox  # pykka knows no counters
        return mailbox.dropped

"""The keeper of ticks: every tick of the instruments whose ticks are to be kept goes to Redis, and on to PostgreSQL."""

from collections.abc import Mapping
from operator import attrgetter
from typing import Any, ClassVar

import anyio
import structlog

from actors.messages import Alert, Count, Flush, Follow, FollowAnew
from actors.unsaved_ticks import UnsavedTicks
from engine.market import Calendars, InstrumentKind, Tick
from engine.market.kept_tick import KeptTick, TickTape
from engine.runtime import ActorRef, MailboxSpec, Overflow, TaskActor, handles
from engine.storage.durable import DurableStore
from engine.storage.errors import HotStoreUnavailableError, StorageUnavailableError
from engine.storage.hot import HotStore

log = structlog.get_logger("ticktree.tick_keeper")
_received = attrgetter("received_us")

FLUSH_INTERVAL_S = 1.0
"""What a machine that loses its power takes along."""
FOLLOW_INTERVAL_S = 5.0
UNSHOWN_LIMIT = 50_000
"""Ticks kept for Redis while it takes none; beyond, it gets those that PostgreSQL lacks when it is back."""
MARGIN_US = 60_000_000
"""Feeds do not come in step: what was received so long before others may have come to us after them."""


class TickKeeper(TaskActor):
    """Hot before cold: what a killed keeper leaves in Redis its successor saves, each tick once.

    PostgreSQL is spoken to beside the mailbox: while it hangs, ticks are taken and go to Redis all the same.
    """

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=50_000, overflow=Overflow.DROP_OLDEST)
    drains: ClassVar[bool] = True

    def __init__(
        self, hot: HotStore, durable: DurableStore, calendars: Calendars, *, broadcaster: ActorRef, publisher: ActorRef
    ) -> None:
        super().__init__()
        self._hot = hot
        self._durable = durable
        self._calendars = calendars
        self._broadcaster = broadcaster
        self._publisher = publisher
        self._tapes: dict[str, TickTape] = {}
        self._unshown: list[KeptTick] = []
        self._is_torn = False
        """Redis lacks some that came before those."""
        self._unsaved = UnsavedTicks(durable.ticks)
        self._saving: anyio.Event | None = None
        """Set when all that waits is saved, or was tried; None while nothing is under way."""
        self._is_following = False
        self._is_losing = False
        self._dropped = 0
        """By the mailbox before this keeper: others have told that."""
        self._lost: dict[str, int] = {}
        """How many, by why."""

    async def on_start(self) -> None:
        """Who was followed before is followed at once: PostgreSQL may be away, or hang."""
        self._dropped = self._mailbox_drops()
        await self._follow_as_before()
        await self.on_follow_anew(FollowAnew())
        self.send_every(FLUSH_INTERVAL_S, Flush())
        self.send_every(FOLLOW_INTERVAL_S, FollowAnew())

    async def on_stop(self) -> None:
        """What PostgreSQL does not take now stays in Redis for the next keeper."""
        for _ in range(2):  # the second for what came beside a save that was under way
            await self._flush()
            await self._saved()

    @handles(Tick)
    def on_tick(self, tick: Tick) -> None:
        tape = self._tapes.get(tick.instrument)
        if tape is not None:
            kept = tape.add(tick)
            self._unsaved.add(kept)
            if len(self._unshown) >= UNSHOWN_LIMIT:
                self._unshown, self._is_torn = [], True
            self._unshown.append(kept)

    @handles(Flush)
    async def on_flush(self, _: Flush) -> None:
        await self._flush()

    @handles(FollowAnew)
    async def on_follow_anew(self, _: FollowAnew) -> None:
        if not self._is_following:
            self._is_following = True
            self.spawn(self._follow)

    @handles(Count)
    def on_count(self, _: Count) -> dict[str, int]:
        return {
            "ticks_followed": len(self._tapes),
            "ticks_saved": self._unsaved.saved,
            "ticks_unsaved": len(self._unsaved),
            "ticks_lost": sum(self._lost.values()),
        }

    # -- who is followed

    async def _follow(self) -> None:
        """While a store is away, those who were followed go on being followed."""
        try:
            wanted = await self._durable.ticks.kept()
            new = await self._durable.named_instruments([name for name in wanted if name not in self._tapes])
            await self._begin({name: known.kind is not InstrumentKind.INDEX for name, known in new.items()})
            self._tapes = {name: self._tapes[name] for name in wanted if name in self._tapes}
            await self._hot.remember_kept({name: tape.counts_ticks for name, tape in self._tapes.items()})
        except StorageUnavailableError as error:
            log.debug("kept_ticks_not_read", error=str(error))
        finally:
            self._is_following = False
        self._broadcaster.tell(Follow(self.actor_ref, frozenset(self._tapes)))

    async def _follow_as_before(self) -> None:
        try:
            await self._begin(await self._hot.remembered_kept())
        except StorageUnavailableError as error:
            log.debug("kept_ticks_not_remembered", error=str(error))
        self._broadcaster.tell(Follow(self.actor_ref, frozenset(self._tapes)))

    async def _begin(self, counts_ticks: Mapping[str, bool]) -> None:
        """Each goes on from its newest tick in Redis; whether the last ones were saved, only PostgreSQL knows."""
        names = list(counts_ticks)
        newest = await self._hot.newest_ticks(names)
        saved_us = await self._hot.saved_until() or 0
        left = await self._hot.recent_ticks(names, max(0, saved_us - MARGIN_US))
        for name in names:
            tape = self._tapes[name] = TickTape(self._calendars.of(name), counts_ticks=counts_ticks[name])
            if name in newest:
                tape.resume(newest[name], self.system.clock.now_ns())
        self._unsaved.resume((tick for ticks in left.values() for tick in ticks), saved_us)

    # -- what is kept

    async def _flush(self) -> None:
        self._confess()
        await self._show()
        if self._saving is None and len(self._unsaved):
            self._saving = anyio.Event()
            # Counted here: ticks that come before the task begins are not in Redis yet, and whoever goes on from there after
            # a crash would count once more what was traded up to them.
            self.spawn(self._save, self._saving, len(self._unsaved))

    async def _show(self) -> None:
        """Redis has all that PostgreSQL lacks, also one that was emptied: what stands in neither ends with this process."""
        if not self._tapes:
            return
        try:
            is_emptied = await self._hot.saved_until() is None
            if self._is_torn or is_emptied:
                self._unshown = sorted({*self._unsaved, *self._unshown}, key=_received)
            await self._hot.write_ticks(self._unshown, unsaved=self._unsaved.by_instrument())
            await self._hot.note_saved(self._unsaved.since_us)
        except HotStoreUnavailableError as error:
            log.debug("recent_ticks_not_written", error=str(error))
        else:
            self._unshown, self._is_torn = [], False

    async def _saved(self) -> None:
        """When nothing is under way to PostgreSQL."""
        if self._saving is not None:
            await self._saving.wait()

    async def _save(self, done: anyio.Event, count: int) -> None:
        try:
            await self._unsaved.save(count)
        finally:
            self._saving = None
            done.set()

    # -- what is lost

    def _confess(self) -> None:
        """All is counted and logged; an operator is told once, until there is no loss and nothing waits."""
        self._unsaved.forget_oldest()
        losses = self._losses()
        new = {why: count - self._lost.get(why, 0) for why, count in losses.items() if count > self._lost.get(why, 0)}
        for why, count in new.items():
            log.warning("ticks_lost", count=count, why=why)
        if new and not self._is_losing:
            words = f"Ticks that are to be kept are lost: {' and '.join(new)}. ticks_lost counts them."
            self._publisher.tell(Alert("", words, self.system.clock.now_ns()))
        self._is_losing = bool(new) or (self._is_losing and len(self._unsaved) > 0)
        self._lost = losses

    def _losses(self) -> dict[str, int]:
        return {
            "more came than could be kept": self._mailbox_drops() - self._dropped,
            "PostgreSQL took nothing for too long": self._unsaved.forgotten,
            "PostgreSQL can not hold them": self._unsaved.refused,
        }

    def _mailbox_drops(self) -> int:
        mailbox: Any = self.actor_inbox  # pykka knows no counters
        return mailbox.dropped

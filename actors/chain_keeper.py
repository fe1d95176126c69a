"""The chain keeper: saves a snapshot a minute of each option chain, so that any day can be looked at again."""

from typing import ClassVar

import anyio
import structlog

from actors.messages import Alert, ChainMinute, Count, Save
from actors.unsaved_chains import MOST, UnsavedChains
from engine.runtime import ActorRef, MailboxSpec, Overflow, TaskActor, handles
from engine.storage.durable import DurableStore
from engine.storage.errors import StorageUnavailableError

log = structlog.get_logger("ticktree.chain_keeper")

SAVE_S = 5.0


class ChainKeeper(TaskActor):
    """While the database is away snapshots wait; beyond their bound the oldest are dropped, counted and told.

    PostgreSQL is spoken to beside the mailbox: while it hangs, snapshots are taken all the same.
    """

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=MOST, overflow=Overflow.DROP_OLDEST)
    drains: ClassVar[bool] = True

    def __init__(self, durable: DurableStore, *, publisher: ActorRef) -> None:
        super().__init__()
        self._publisher = publisher
        self._unsaved = UnsavedChains(durable.chains)
        self._saving: anyio.Event | None = None
        """Set when all that waits is saved, or was tried; None while nothing is under way."""
        self._away = self._is_losing = False

    async def on_start(self) -> None:
        self.send_every(SAVE_S, Save())

    async def on_stop(self) -> None:
        """What came last is tried, too, as long as the supervisor waits."""
        if self._saving is not None:
            await self._saving.wait()
        await self._save()

    @handles(ChainMinute)
    def on_chain_minute(self, minute: ChainMinute) -> None:
        if not self._unsaved.add(minute.snapshot):
            self._confess()

    @handles(Save)
    async def on_save(self, _: Save) -> None:
        if self._saving is None and len(self._unsaved):
            self._saving = anyio.Event()
            self.spawn(self._save_beside, self._saving)

    @handles(Count)
    def on_count(self, _: Count) -> dict[str, int]:
        unsaved = self._unsaved
        return {"chains_saved": unsaved.saved, "chains_unsaved": len(unsaved), "chains_dropped": unsaved.dropped}

    def _confess(self) -> None:
        """An operator is told once, until all are saved again."""
        if not self._is_losing:
            words = (
                "Snapshots of option chains are lost: PostgreSQL took nothing for too long. chains_dropped counts them."
            )
            log.warning("chains_lost", waiting=len(self._unsaved))
            self._publisher.tell(Alert("", words, self.system.clock.now_ns()))
        self._is_losing = True

    async def _save_beside(self, done: anyio.Event) -> None:
        try:
            await self._save()
        finally:
            self._saving = None
            done.set()

    async def _save(self) -> None:
        try:
            await self._unsaved.save()
        except StorageUnavailableError as error:
            if not self._away:
                log.warning("chains_not_saved", waiting=len(self._unsaved), error=str(error))
            self._away = True
        else:
            if self._away:
                log.info("chains_saved_again", saved=self._unsaved.saved, dropped=self._unsaved.dropped)
            self._away = self._is_losing = False

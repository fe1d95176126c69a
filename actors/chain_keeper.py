"""The chain keeper: saves a snapshot a minute of each option chain, so that any day can be looked at again."""

from collections import deque
from typing import ClassVar

import structlog

from actors.messages import Alert, ChainMinute, Count, Save
from engine.market.chain_snapshot import ChainSnapshot
from engine.runtime import ActorRef, MailboxSpec, Overflow, TaskActor, handles
from engine.storage.durable import DurableStore
from engine.storage.errors import StorageUnavailableError

log = structlog.get_logger("ticktree.chain_keeper")

SAVE_S = 5.0
A_SAVE = 50
MOST = 1_000
"""Snapshots that wait while the database is away: an hour of sixteen chains."""


class ChainKeeper(TaskActor):
    """While the database is away snapshots wait; beyond their bound the oldest are dropped, counted and told."""

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=MOST, overflow=Overflow.DROP_OLDEST)
    drains: ClassVar[bool] = True

    def __init__(self, durable: DurableStore, *, publisher: ActorRef) -> None:
        super().__init__()
        self._durable = durable
        self._publisher = publisher
        self._unsaved: deque[ChainSnapshot] = deque()
        self._saved = self._dropped = 0
        self._away = self._is_losing = False

    async def on_start(self) -> None:
        self.send_every(SAVE_S, Save())

    async def on_stop(self) -> None:
        await self.on_save(Save())

    @handles(ChainMinute)
    def on_chain_minute(self, minute: ChainMinute) -> None:
        if len(self._unsaved) >= MOST:
            self._unsaved.popleft()
            self._lose()
        self._unsaved.append(minute.snapshot)

    @handles(Save)
    async def on_save(self, _: Save) -> None:
        try:
            while self._unsaved:
                await self._save([*self._unsaved][:A_SAVE])
        except StorageUnavailableError as error:
            if not self._away:
                log.warning("chains_not_saved", waiting=len(self._unsaved), error=str(error))
            self._away = True
        else:
            if self._away:
                log.info("chains_saved_again", saved=self._saved, dropped=self._dropped)
            self._away = self._is_losing = False

    @handles(Count)
    def on_count(self, _: Count) -> dict[str, int]:
        return {"chains_saved": self._saved, "chains_unsaved": len(self._unsaved), "chains_dropped": self._dropped}

    def _lose(self) -> None:
        """An operator is told once, until all are saved again."""
        self._dropped += 1
        if not self._is_losing:
            words = (
                "Snapshots of option chains are lost: PostgreSQL took nothing for too long. chains_dropped counts them."
            )
            log.warning("chains_lost", waiting=len(self._unsaved))
            self._publisher.tell(Alert("", words, self.system.clock.now_ns()))
        self._is_losing = True

    async def _save(self, batch: list[ChainSnapshot]) -> None:
        await self._durable.chains.save(batch)
        for _ in batch:
            self._unsaved.popleft()
        self._saved += len(batch)

"""The chain publisher: brings the newest of each option chain to the web processes, and into the hot store."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

import structlog

from actors.channels import LIVE_CHAINS, encode_live_chain
from actors.messages import ChainTold, Count, Flush
from engine.runtime import Conflate, MailboxSpec, TaskActor, handles
from engine.storage.errors import StorageUnavailableError
from engine.storage.hot import HotStore

if TYPE_CHECKING:
    from engine.market.chain_place import ChainPlace
    from engine.market.chain_snapshot import ChainSnapshot

log = structlog.get_logger("ticktree.chain_publisher")

WRITE_S = 0.5
"""The hot copy is for who begins to follow: it is as new as this, what clients hear is newer."""


class ChainPublisher(TaskActor):
    """While the store is slow or away, the newest of each chain takes the place of those before it."""

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=1_000, overflow=Conflate("place"))

    def __init__(self, hot: HotStore) -> None:
        super().__init__()
        self._hot = hot
        self._epoch = self._offset = 0
        self._unwritten: dict[ChainPlace, ChainSnapshot] = {}
        self._away = False

    async def on_start(self) -> None:
        self._epoch = self.system.clock.now_ns() // 1_000_000
        self.send_every(WRITE_S, Flush())

    @handles(ChainTold)
    async def on_chain_told(self, told: ChainTold) -> None:
        self._unwritten[told.place] = told.snapshot
        with self._noticing():
            await self._hot.publish(LIVE_CHAINS, encode_live_chain(self._epoch, self._offset + 1, told.snapshot))
            self._offset += 1

    @handles(Flush)
    async def on_flush(self, _: Flush) -> None:
        with self._noticing():
            await self._hot.write_chains(self._unwritten.values())
            self._unwritten = {}

    @handles(Count)
    def on_count(self, _: Count) -> dict[str, int]:
        return {"chains_published": self._offset}

    @contextmanager
    def _noticing(self) -> Generator[None]:
        try:
            yield
        except StorageUnavailableError as error:
            if not self._away:
                log.warning("chains_not_published", error=str(error))
            self._away = True
        else:
            self._away = False

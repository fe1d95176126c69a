"""The depth publisher: brings the newest books to the web processes, and into the hot store."""

from typing import ClassVar

import structlog

from actors.channels import DEPTH, encode_depths
from actors.messages import Count, Flush
from engine.market.depth import Depth
from engine.runtime import Conflate, MailboxSpec, TaskActor, handles
from engine.storage.errors import StorageUnavailableError
from engine.storage.hot import HotStore

log = structlog.get_logger("ticktree.depth_publisher")

FLUSH_S = 0.2


class DepthPublisher(TaskActor):
    """While the store is slow or away, the newest book of each instrument takes the place of those before it."""

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=2_000, overflow=Conflate("instrument"))

    def __init__(self, hot: HotStore) -> None:
        super().__init__()
        self._hot = hot
        self._epoch = self._offset = 0
        self._unsent: dict[str, Depth] = {}
        self._away = False

    async def on_start(self) -> None:
        self._epoch = self.system.clock.now_ns() // 1_000_000
        self.send_every(FLUSH_S, Flush())

    @handles(Depth)
    def on_depth(self, book: Depth) -> None:
        self._unsent[book.instrument] = book

    @handles(Flush)
    async def on_flush(self, _: Flush) -> None:
        try:
            await self._send()
        except StorageUnavailableError as error:
            if not self._away:
                log.warning("depths_not_published", error=str(error))
            self._away = True
        else:
            self._away = False

    @handles(Count)
    def on_count(self, _: Count) -> dict[str, int]:
        return {"depth_flushes": self._offset}

    async def _send(self) -> None:
        if not self._unsent:
            return
        books = self._unsent.values()
        await self._hot.publish(DEPTH, encode_depths(self._epoch, self._offset + 1, self.system.clock.now_ns(), books))
        self._offset += 1
        await self._hot.write_depths(books)
        self._unsent = {}

"""The hot store in memory: the very same store on a link that needs no server."""

import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from engine.storage.hot import HotStore, Subscription
from engine.storage.hot.hashes import HashCandles
from engine.storage.hot.keys import DAY_S
from engine.storage.hot.setting import ExpiringKeys
from engine.storage.memory.link import MemoryLink


class MemoryHotStore(HotStore):
    """For replays, simulations and tests; on trio and on asyncio. What it holds ends with the process.

    Keys, forms and expiries are those of Redis, by the clock ``now_ns``; candles are kept as hashes.
    """

    def __init__(self, now_ns: Callable[[], int] = time.time_ns, *, retention_days: int = 7) -> None:
        self.link = MemoryLink(now_ns)
        series = HashCandles(self.link, retention_days * DAY_S)
        super().__init__(self.link, ExpiringKeys(self.link, natively=True), series)

    def subscribe(self, *channels: str) -> AbstractAsyncContextManager[Subscription]:
        """``async with store.subscribe("market_data") as messages: async for channel, payload in messages``."""
        return self.link.subscribed(*channels)

"""The unsaved chains: snapshots on their way to PostgreSQL, as many as may wait for it."""

from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.market.chain_snapshot import ChainSnapshot
    from engine.storage.durable.chains import ChainSnapshots

MOST: Final = 1_000
"""An hour of sixteen chains. Beyond it the oldest that are not under way are dropped."""
A_SAVE: Final = 50


class UnsavedChains:
    """A queue that drops its oldest. What is under way comes back to its head where it can not be saved."""

    def __init__(self, chains: "ChainSnapshots") -> None:
        self._chains = chains
        self._waiting: deque[ChainSnapshot] = deque()
        self._under_way: Sequence[ChainSnapshot] = ()
        self.saved = self.dropped = 0

    def __len__(self) -> int:
        return len(self._waiting) + len(self._under_way)

    def add(self, snapshot: "ChainSnapshot") -> bool:
        """One more; whether none had to go for it."""
        self._waiting.append(snapshot)
        fits = len(self) <= MOST
        if not fits:
            self._waiting.popleft()
            self.dropped += 1
        return fits

    async def save(self) -> None:
        """All that wait, those that come meanwhile included. Not while another one goes on. Raises StorageError."""
        while self._waiting:
            self._under_way = [self._waiting.popleft() for _ in range(min(A_SAVE, len(self._waiting)))]
            try:
                await self._chains.save(self._under_way)
                self.saved += len(self._under_way)
                self._under_way = ()
            finally:
                self._waiting.extendleft(reversed(self._under_way))
                self._under_way = ()

"""The quarantine in memory."""

import time
from collections.abc import Sequence

import msgspec

from engine.market.quarantine import Fate, Quarantined
from engine.storage.durable.quarantine import NEWEST, RESTART, Quarantine, newest_of_each
from engine.storage.memory.tables import Tables


class MemoryQuarantine(Quarantine):
    """Entries by number; the newest have the highest."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def note_quarantined(self, entries: Sequence[Quarantined]) -> None:
        """Notes entries, or what became of those that were held; decided ones stay as they are."""
        await self._tables.arrive()
        known = self._tables.known(entry.instrument for entry in entries)
        table = self._tables.quarantine
        numbers = {old.key: old.id for old in table.values()}
        for entry in newest_of_each(entries):
            old = table.get(numbers.get(entry.key, 0))
            if entry.instrument not in known:
                continue
            if old is None:
                number = len(table) + 1
                decided_ns = 0 if entry.status is Fate.HELD else time.time_ns()
                table[number] = msgspec.structs.replace(
                    entry, id=number, noted_ns=time.time_ns(), decided_ns=decided_ns
                )
            elif entry.status is not Fate.HELD and (old.status is Fate.HELD or old.decided_by == RESTART):
                self._decide(old, entry.status, entry.decided_by)

    async def quarantined(
        self, *, status: Fate | None = None, instrument: str | None = None, limit: int = 100, before_id: int = NEWEST
    ) -> list[Quarantined]:
        """The newest entries whose number is below ``before_id``: all, of one status, of one instrument."""
        await self._tables.arrive()
        found = [
            entry
            for entry in reversed(self._tables.quarantine.values())
            if entry.id < before_id and status in (None, entry.status) and instrument in (None, entry.instrument)
        ]
        return found[:limit]

    async def quarantined_entry(self, identity: int) -> Quarantined | None:
        """One entry by its number."""
        await self._tables.arrive()
        return self._tables.quarantine.get(identity)

    async def decide_quarantined(self, identity: int, status: Fate, decided_by: str) -> bool:
        """Sets an entry's status; false when it was that already, or there is no such entry."""
        await self._tables.arrive()
        entry = self._tables.quarantine.get(identity)
        if entry is None or entry.status is status:
            return False
        self._decide(entry, status, decided_by)
        return True

    async def close_quarantined(self, decided_by: str) -> int:
        """Discards all that is held."""
        await self._tables.arrive()
        table = self._tables.quarantine
        left = [entry for entry in table.values() if entry.status is Fate.HELD]
        for entry in left:
            self._decide(entry, Fate.DISCARDED, decided_by)
        return len(left)

    def _decide(self, entry: Quarantined, status: Fate, decided_by: str) -> None:
        decided = msgspec.structs.replace(entry, status=status, decided_by=decided_by, decided_ns=time.time_ns())
        self._tables.quarantine[entry.id] = decided

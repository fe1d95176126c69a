"""Conflicts between providers' lists and the tables, in memory."""

from collections.abc import Collection, Sequence
from datetime import date

from engine.storage.durable.conflicts import MappingConflicts
from engine.storage.durable.rows import MappingConflict
from engine.storage.memory.tables import Tables


class MemoryMappingConflicts(MappingConflicts):
    """What lists and tables do not agree on. Nothing can be settled here: the hands of people are in web processes."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def token_holders(self, provider: str, tokens: Collection[tuple[str, str]], day: date) -> dict[str, str]:
        """Which active, unexpired instruments have these tokens, segment and provider's symbol, now: by ``SEGMENT:ID``."""
        await self._tables.arrive()
        tables, holders = self._tables, dict[str, str]()
        for segment, symbol in tokens:
            place = tables.open_mappings.get((provider, segment, symbol))
            if place is not None and self._is_current(instrument := tables.mappings[place][0].instrument, day):
                holders[f"{segment}:{symbol}"] = instrument
        return holders

    def _is_current(self, instrument: str, day: date) -> bool:
        expiry = self._tables.instruments[instrument].expiry
        return instrument not in self._tables.retired and (expiry is None or expiry >= day)

    async def note_conflicts(self, provider: str, day: date, conflicts: Sequence[MappingConflict]) -> None:
        """Keeps them, each once."""
        await self._tables.arrive()
        for one in conflicts:
            key = (provider, one.kind, one.instrument, one.segment, one.provider_symbol)
            self._tables.conflicts[key] = day, one

    async def forget_moved(self, provider: str, day: date) -> int:
        """Forgets takeovers of that day whose former holder has another token now: they only changed places. How many."""
        await self._tables.arrive()
        tables = self._tables
        moved = [
            key
            for key, (found_on, one) in tables.conflicts.items()
            if key[0] == provider and found_on == day and one.kind == "taken over"
            and (provider, one.other) in tables.open_mappings
        ]  # fmt: skip
        for key in moved:
            del tables.conflicts[key]
        return len(moved)

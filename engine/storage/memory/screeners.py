"""Screeners in memory: what the engine asks of them."""

from collections.abc import Sequence

import msgspec

from engine.storage.durable.screeners import DailyScreener, OwnScreeners
from engine.storage.durable.screenings import screened
from engine.storage.memory.tables import Tables


class MemoryOwnScreeners(OwnScreeners):
    """Those that run by themselves, and the instruments they are about. Here no instrument has a sector."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def daily(self, until_ns: int) -> list[DailyScreener]:
        """Everybody's that are run by themselves and were not yet for a trading day that ended by then."""
        await self._tables.arrive()
        known = [
            msgspec.structs.replace(one, screened_ns=self._tables.checkpoints.get(screened(str(one.id)), 0))
            for _, one in sorted(self._tables.daily_screeners.items())
        ]
        return [one for one in known if one.screened_ns < until_ns]

    async def universe(
        self, exchange: str | None, sector: str | None, kind: str | None, among: Sequence[str] | None, limit: int
    ) -> list[str]:
        """The active instruments of which all holds that is given, by name; at most ``limit``."""
        await self._tables.arrive()
        found = [
            name
            for name, one in sorted(self._tables.instruments.items())
            if name not in self._tables.retired
            and exchange in (None, one.exchange)
            and sector is None
            and kind in (None, one.kind)
            and (among is None or name in among)
        ]
        return found[:limit]

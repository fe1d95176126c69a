"""The upkeep job: old days archived and dropped, old ticks dropped, and tables vacuumed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import msgspec

from actors.job_arguments import JobError
from engine.archive import RESTORED_DAYS, DayArchive
from engine.storage.durable import DurableStore
from engine.storage.durable.archive_tables import TABLES

KIND: Final = "upkeep"
MOST_DAYS: Final = 60
"""Archived and dropped by one job; what is left then is the next day's."""
_DAY: Final = timedelta(days=1)


class UpkeepArguments(msgspec.Struct, frozen=True):
    """The day (UTC) that the upkeep is of: how old something is, is counted from it."""

    date: date


@dataclass(frozen=True, slots=True)
class UpkeepCraft:
    """What every such job works with; days that are kept, 0 for ever."""

    durable: DurableStore
    archive: DayArchive
    keep_intraday_days: int
    keep_ticks_days: int

    def complete(self, arguments: Mapping[str, Any], now_ns: int) -> dict[str, Any]:
        """Of today, whoever asks: nothing younger than the settings say is ever dropped."""
        if arguments:
            raise JobError("upkeep takes no arguments")
        return {"date": datetime.fromtimestamp(now_ns // 1_000_000_000, UTC).date().isoformat()}

    def work(self, arguments: Mapping[str, Any]) -> "UpkeepWork":
        """The work of such a job."""
        return UpkeepWork(msgspec.convert(dict(arguments), UpkeepArguments), self)


class UpkeepWork:
    """First the oldest days, one a step; then the ticks, old and of days just over; then each table is vacuumed.

    A day is dropped in the step that archives it, and only where both counted the same rows.
    """

    def __init__(self, arguments: UpkeepArguments, craft: UpkeepCraft) -> None:
        self._craft = craft
        self._today = arguments.date
        self._days = MOST_DAYS if craft.keep_intraday_days else 0
        self._next: date | None = None
        """The oldest day that may be held; None while nobody has looked."""

    def __len__(self) -> int:
        return self._days + 1 + len(TABLES)

    async def step(self, number: int) -> str:
        """Each may be repeated."""
        if number < self._days:
            return await self._drop_oldest()
        if number == self._days:
            said = await self._drop_ticks()
            await self._craft.durable.ticks.index_before(self._today)
            return said
        name = TABLES[number - self._days - 1].name
        await self._craft.durable.archive.vacuum(name)
        return f"{name} vacuumed"

    async def _drop_oldest(self) -> str:
        border = self._today - timedelta(days=self._craft.keep_intraday_days)
        day = self._next = self._next or await self._craft.durable.archive.oldest_day() or self._today
        if day >= border:
            return f"nothing before {border} is held"
        said = f"restored within {RESTORED_DAYS} days, and kept"
        if not await self._craft.archive.was_restored(day):
            archived = await self._craft.archive.archive(day)
            said = f"{await self._craft.durable.archive.drop(day, archived.rows):,} rows archived and dropped"
        self._next = day + _DAY
        return f"{day}: {said}"

    async def _drop_ticks(self) -> str:
        if not self._craft.keep_ticks_days:
            return "ticks are kept"
        border = self._today - timedelta(days=self._craft.keep_ticks_days)
        dropped = await self._craft.durable.ticks.drop_before(border)
        return f"ticks of {len(dropped)} days before {border} dropped"

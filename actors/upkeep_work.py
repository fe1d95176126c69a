"""The upkeep job: old days and old ticks archived and dropped, ticks' days prepared, and tables vacuumed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import msgspec

from actors.job_arguments import JobError
from engine.archive import RESTORED_DAYS, DayArchive
from engine.storage.durable import ARCHIVED, DurableStore
from engine.storage.durable.archive_tables import DROPPED, TABLES

KIND: Final = "upkeep"
MOST_DAYS: Final = 60
"""Archived and dropped by one job; what is left then is the next day's."""
MOST_PORTIONS: Final = 200
"""Of ticks, likewise: more than the busiest day has, so that nothing heaps up."""
_DAY: Final = timedelta(days=1)
_DAY_NS: Final = 86_400_000_000_000


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
    """First the oldest days, one a step; then old ticks, a portion a step; then ticks' days, over and to come; then each
    table is vacuumed.

    Nothing is dropped but what is archived: a day in the step that archives it and only where both counted the same rows,
    a day's ticks when all their portions are in the archive and are all that the day holds.
    """

    def __init__(self, arguments: UpkeepArguments, craft: UpkeepCraft) -> None:
        self._craft = craft
        self._today = arguments.date
        self._days = MOST_DAYS if craft.keep_intraday_days else 0
        self._portions = MOST_PORTIONS if craft.keep_ticks_days else 0
        self._next: date | None = None
        """The oldest day that may be held; None while nobody has looked."""
        self._next_ticks: date | None = None
        """Likewise of the ticks."""

    def __len__(self) -> int:
        return self._days + self._portions + 1 + len(TABLES)

    async def step(self, number: int) -> str:
        """Each may be repeated."""
        if number < self._days:
            return await self._drop_oldest()
        number -= self._days
        if number < self._portions:
            return await self._drop_oldest_ticks()
        if number == self._portions:
            return await self._prepare_ticks()
        name = TABLES[number - self._portions - 1].name
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
            if any(archived.rows[name] for name in DROPPED):
                await self._note_archived(day + _DAY)
            said = f"{await self._craft.durable.archive.drop(day, archived.rows):,} rows archived and dropped"
        self._next = day + _DAY
        return f"{day}: {said}"

    async def _note_archived(self, border: date) -> None:
        """Before they are dropped: else days would look like gaps for a while, and be fetched again.

        Only where something was archived: of what was never held, nobody may say that it can be restored.
        """
        border_ns = (border - date(1970, 1, 1)).days * _DAY_NS
        await self._craft.durable.save([], [], checkpoint_ns=border_ns, name=ARCHIVED)

    async def _drop_oldest_ticks(self) -> str:
        border = self._today - timedelta(days=self._craft.keep_ticks_days)
        day = self._next_ticks = self._next_ticks or await self._oldest_ticks(border)
        if day >= border:
            return f"no ticks before {border} are held"
        archive = self._craft.archive.ticks
        if (archived := await archive.archive_portion(day)) is not None:
            return f"{day}: {archived:,} ticks archived"
        if (dropped := await archive.drop(day)) is None:
            return f"{day}: other ticks are held than were archived; they are compared again"
        self._next_ticks = None
        return f"{day}: {dropped:,} ticks dropped"

    async def _oldest_ticks(self, border: date) -> date:
        """The oldest day before the border that has ticks; the border where there is none."""
        for day in await self._craft.durable.tick_days.days():
            if day < border and not await self._craft.archive.was_restored(day):
                return day
        return border

    async def _prepare_ticks(self) -> str:
        """Partitions are made ahead, so that no save waits for one; those of days that are over get their index."""
        days = self._craft.durable.tick_days
        for day in (self._today, self._today + _DAY):
            await days.make(day)
        indexed = await days.index_before(self._today)
        return f"ticks of {len(indexed)} days indexed"

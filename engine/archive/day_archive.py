"""The archive of days: a folder for each, with a Parquet file a table and a manifest that says which of them count."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Final

import anyio.to_thread
import msgspec

from engine.archive.manifest import NAME, ArchivedFile, ArchiveError, Manifest, made_for_good
from engine.archive.parquet import packed, unpacked
from engine.archive.tick_archive import FOLDER as TICKS_FOLDER
from engine.archive.tick_archive import TickArchive
from engine.storage.durable import DurableStore
from engine.storage.durable.archive_tables import TABLES, ArchivedTable

RESTORED_DAYS: Final = 7
"""How long the upkeep leaves a day in the database that was taken out of an archive."""


class Archived(msgspec.Struct, frozen=True):
    """What came of archiving a day."""

    manifest: Manifest
    """Of all that the archive has of the day now."""
    rows: Mapping[str, int]
    """By table, how many the database held: who drops them must find as many."""


class DayArchive:
    """Archives days and restores them; each may be repeated.

    An archive only grows: what it has of a day and the database has no more stays in it, and so does a revision that is
    higher than the database's. New files come beside the old ones, and the manifest says at once which count, so that a
    kill leaves the one archive or the other.
    """

    def __init__(self, durable: DurableStore, folder: Path, *, now_ns: Callable[[], int]) -> None:
        self._durable = durable
        self._folder = folder
        self._now_ns = now_ns
        self.ticks = TickArchive(durable, folder, now_ns=now_ns)

    def days(self, first: date, last: date) -> list[date]:
        """The archived days of [first, last], the oldest first."""
        found = {_day(path.parent.name) for path in self._folder.glob(f"????-??-??/{NAME}")}
        found |= {_day(path.parent.parent.name) for path in self._folder.glob(f"????-??-??/{TICKS_FOLDER}/{NAME}")}
        return sorted(day for day in found if day is not None and first <= day <= last)

    def manifest(self, day: date) -> Manifest:
        """What is archived of a day. Raises ArchiveError where nothing is."""
        return Manifest.read(self._place(day))

    async def archive(self, day: date) -> Archived:
        """Takes in all rows of a day (UTC). Raises ArchiveError where what was archived before is damaged."""
        place = self._place(day)
        known = await anyio.to_thread.run_sync(partial(_begin, place))
        files: list[ArchivedFile] = []
        rows: dict[str, int] = {}
        for table in TABLES:
            rows[table.name], file = await self._archive_table(table, day, place, known.get(table.name))
            files += [] if file is None else [file]
        made_at = datetime.fromtimestamp(self._now_ns() // 1_000_000_000, UTC)
        manifest = Manifest(date=day, made_at=made_at, files=tuple(files))
        await anyio.to_thread.run_sync(partial(manifest.put_in_force, place))
        return Archived(manifest, rows)

    async def restore(self, day: date) -> int:
        """Takes a day's rows into the database; how many are new or newer there. Raises ArchiveError for damaged files.

        The upkeep leaves the day alone for RESTORED_DAYS from now on.
        """
        place = self._place(day)
        has_ticks = self.ticks.has(day)
        manifest = None if has_ticks and not (place / NAME).exists() else self.manifest(day)
        if manifest is not None:
            await anyio.to_thread.run_sync(partial(manifest.verify, place))
        await self._durable.save([], [], checkpoint_ns=self._now_ns(), name=_restored(day))
        restored = 0 if manifest is None else await self._restore_tables(place, manifest)
        return restored + (await self.ticks.restore(day) if has_ticks else 0)

    async def _restore_tables(self, place: Path, manifest: Manifest) -> int:
        tables, restored = {table.name: table for table in TABLES}, 0
        for one in manifest.files:
            if one.table not in tables:
                raise ArchiveError(f"{place}: nothing is known of a table {one.table}")
            rows = place / f"{one.table}.csv"
            try:
                await anyio.to_thread.run_sync(partial(unpacked, tables[one.table], place / one.file, rows))
                restored += await self._durable.archive.copy_in(one.table, rows)
            finally:
                rows.unlink(missing_ok=True)
        return restored

    async def was_restored(self, day: date) -> bool:
        """Whether somebody has taken the day out of an archive within RESTORED_DAYS, and may still need it."""
        age_ns = self._now_ns() - await self._durable.checkpoint(_restored(day))
        return age_ns < RESTORED_DAYS * 86_400_000_000_000

    async def _archive_table(
        self, table: ArchivedTable, day: date, place: Path, known: ArchivedFile | None
    ) -> tuple[int, ArchivedFile | None]:
        """How many rows the database holds, and the file that has them with those that were archived before."""
        rows = place / f"{table.name}.csv"
        try:
            count = await self._durable.archive.copy_out(table.name, day, rows)
            if not count:
                return 0, known
            return count, await anyio.to_thread.run_sync(partial(packed, table, rows, place, known))
        finally:
            rows.unlink(missing_ok=True)

    def _place(self, day: date) -> Path:
        return self._folder / day.isoformat()


def _restored(day: date) -> str:
    """Of the checkpoint that says when the day was taken out of an archive."""
    return f"restored:{day}"


def _begin(place: Path) -> dict[str, ArchivedFile]:
    """What is archived already, by table: seen to be whole, since it is built upon."""
    made_for_good(place)
    if not (place / NAME).exists():
        return {}
    manifest = Manifest.read(place)
    manifest.verify(place)
    return {one.table: one for one in manifest.files}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None

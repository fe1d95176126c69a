"""The archive of ticks: a day in portions, each a Parquet file that is in the archive for good before the next is begun."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import anyio.to_thread
import msgspec

from engine.archive.manifest import NAME, ArchivedFile, ArchiveError, Manifest, made_for_good
from engine.archive.parquet import packed, unpacked
from engine.storage.durable import DurableStore
from engine.storage.durable.archive_tables import TICKS
from engine.storage.durable.tick_days import HeldTicks
from engine.storage.durable.times import EPOCH

FOLDER: Final = "ticks"
"""Within the day's."""
PORTION = 1_000_000
"""Ticks in a file, so that a busy day takes no more memory and room for working than a quiet one: some 100 MB."""
_DAY_US: Final = 86_400_000_000


class TickFile(ArchivedFile, frozen=True, kw_only=True):
    """The ticks received in [start, end), microseconds UTC; with the next file's they follow upon each other."""

    start_us: int
    end_us: int
    held: HeldTicks
    """What the database held of them when it was last compared: the file has all of those, and may have more."""


class TickManifest(Manifest, frozen=True, kw_only=True):
    """What was archived of a day's ticks so far; it is written anew with each portion."""

    files: tuple[TickFile, ...] = ()


class TickArchive:
    """Archives the ticks of days (UTC) portion by portion, and restores them; each may be repeated.

    What is in the archive is not written again while the database holds the same. As all of the archive, it only grows.
    """

    def __init__(self, durable: DurableStore, folder: Path, *, now_ns: Callable[[], int]) -> None:
        self._durable = durable
        self._folder = folder
        self._now_ns = now_ns
        self._until_us: dict[date, int] = {}
        """How far a day was compared with the database by us."""

    def has(self, day: date) -> bool:
        """Whether something of a day is archived."""
        return (self._place(day) / NAME).exists()

    def manifest(self, day: date) -> TickManifest:
        """What is archived of a day. Raises ArchiveError where nothing is."""
        return TickManifest.read(self._place(day))

    async def archive(self, day: date) -> int:
        """Takes in all ticks of a day; how many the database holds."""
        self._until_us.pop(day, None)
        rows = 0
        while (portion := await self.archive_portion(day)) is not None:
            rows += portion
        return rows

    async def archive_portion(self, day: date) -> int | None:
        """Takes in the next portion of a day; how many ticks of it the database holds, None when there is no next one.

        Raises ArchiveError where what was archived before is damaged.
        """
        start_us, end_us = _span(day)
        from_us = self._until_us.get(day, start_us)
        if from_us == end_us:
            return None
        place = self._place(day)
        manifest = await anyio.to_thread.run_sync(partial(_begin, place, day, verified=from_us > start_us))
        known = next((file for file in manifest.files if file.start_us == from_us), None)
        until_us = known.end_us if known else await self._durable.tick_days.border(from_us, end_us, PORTION)
        held = await self._durable.tick_days.held(from_us, until_us)
        if held != (known.held if known else HeldTicks()):
            file = await self._taken_in(place, (from_us, until_us), held, known)
            files = sorted([file, *(one for one in manifest.files if one is not known)], key=_start)
            await self._put_in_force(place, manifest, files)
        self._until_us[day] = until_us
        return held.rows

    async def drop(self, day: date) -> int | None:
        """Drops a day's ticks from the database, whose files are read once more before; how many.

        None, and nothing is dropped, where others stand there than were archived: they are compared from the beginning.
        """
        self._until_us.pop(day, None)
        held = HeldTicks()
        if self.has(day):
            manifest = self.manifest(day)
            await anyio.to_thread.run_sync(partial(manifest.verify, self._place(day)))
            for file in manifest.files:
                held = held.joined(file.held)
        return held.rows if await self._durable.tick_days.drop(day, held) else None

    async def restore(self, day: date) -> int:
        """Takes a day's ticks into the database; how many are new there. Raises ArchiveError for damaged files."""
        place, manifest = self._place(day), self.manifest(day)
        await anyio.to_thread.run_sync(partial(manifest.verify, place))
        await self._durable.tick_days.make(day)
        restored, rows = 0, place / "ticks.csv"
        try:
            for one in manifest.files:
                await anyio.to_thread.run_sync(partial(unpacked, TICKS, place / one.file, rows))
                restored += await self._durable.archive.copy_in(TICKS.name, rows)
                await self._durable.tick_days.note(one.start_us, one.end_us)
        finally:
            rows.unlink(missing_ok=True)
        return restored

    async def _taken_in(self, place: Path, span: tuple[int, int], held: HeldTicks, known: TickFile | None) -> TickFile:
        if known is not None and not held.rows:
            return msgspec.structs.replace(known, held=held)
        rows, name = place / "ticks.csv", f"ticks-{_moment(span[0]):%H%M%S}"
        try:
            await anyio.to_thread.run_sync(partial(made_for_good, place))
            count = await self._durable.archive.copy_span(TICKS.name, _moment(span[0]), _moment(span[1]), rows)
            file = await anyio.to_thread.run_sync(partial(packed, TICKS, rows, place, known, name=name))
        finally:
            rows.unlink(missing_ok=True)
        if not held.rows <= count <= file.rows:
            raise ArchiveError(f"{place / file.file} has {file.rows:,} ticks of {held.rows:,}")
        return TickFile(**msgspec.structs.asdict(file), start_us=span[0], end_us=span[1], held=held)

    async def _put_in_force(self, place: Path, manifest: TickManifest, files: Sequence[TickFile]) -> None:
        made_at = datetime.fromtimestamp(self._now_ns() // 1_000_000_000, UTC)
        newer = msgspec.structs.replace(manifest, made_at=made_at, files=tuple(files))
        await anyio.to_thread.run_sync(partial(newer.put_in_force, place))

    def _place(self, day: date) -> Path:
        return self._folder / day.isoformat() / FOLDER


def _begin(place: Path, day: date, *, verified: bool) -> TickManifest:
    """What is archived already: seen to be whole, once, since it is built upon."""
    if not (place / NAME).exists():
        return TickManifest(date=day, made_at=EPOCH)
    manifest = TickManifest.read(place)
    if not verified:
        manifest.verify(place)
    return manifest


def _span(day: date) -> tuple[int, int]:
    start_us = (day - EPOCH.date()).days * _DAY_US
    return start_us, start_us + _DAY_US


def _moment(time_us: int) -> datetime:
    return EPOCH + timedelta(microseconds=time_us)


def _start(file: TickFile) -> int:
    return file.start_us

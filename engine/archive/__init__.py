"""The archive: days of the database as Parquet files, each day with a manifest, and the way back."""

from engine.archive.day_archive import RESTORED_DAYS, Archived, DayArchive
from engine.archive.manifest import ArchivedFile, ArchiveError, Manifest
from engine.archive.tick_archive import TickArchive

__all__ = ["RESTORED_DAYS", "ArchiveError", "Archived", "ArchivedFile", "DayArchive", "Manifest", "TickArchive"]

"""The archive: days of the database as Parquet files, each day with a manifest, and the way back."""

from engine.archive.day_archive import Archived, DayArchive
from engine.archive.manifest import ArchivedFile, ArchiveError, Manifest

__all__ = ["ArchiveError", "Archived", "ArchivedFile", "DayArchive", "Manifest"]

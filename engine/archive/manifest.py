"""A day's manifest: which files there are, how many rows each has, and what its bytes add up to."""

import hashlib
import os
from datetime import date, datetime
from pathlib import Path
from typing import Final

import msgspec

NAME: Final = "manifest.json"
VERSION: Final = 1


class ArchiveError(Exception):
    """The archive can not be used:"""

    def __init__(self, detail: str) -> None:
        super().__init__(f"{self.__doc__} {detail}")


class ArchivedFile(msgspec.Struct, frozen=True):
    """One table's rows of a day."""

    table: str
    file: str
    """Its name beside the manifest."""
    rows: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What was archived of a day (UTC). It is written last: a day without one was not archived to its end."""

    version: int = VERSION
    date: date
    made_at: datetime
    files: tuple[ArchivedFile, ...]

    @property
    def rows(self) -> dict[str, int]:
        """By table."""
        return {one.table: one.rows for one in self.files}

    def write(self, folder: Path) -> None:
        """Puts it into the day's folder, at once and for good."""
        partial = folder / f"{NAME}.part"
        with partial.open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(self), indent=2))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(folder / NAME)
        keep_for_good(folder)

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """The manifest of a day's folder. Raises ArchiveError where there is none that can be read."""
        try:
            found = msgspec.json.decode((folder / NAME).read_bytes(), type=cls)
        except (OSError, msgspec.MsgspecError) as error:
            raise ArchiveError(f"{folder / NAME}: {error}") from error
        if found.version != VERSION:
            raise ArchiveError(f"{folder / NAME} is of version {found.version}, this program reads {VERSION}")
        return found

    def verify(self, folder: Path) -> None:
        """Raises ArchiveError where a file is missing, or is not the one that was written."""
        for one in self.files:
            path = folder / one.file
            if path.parent != folder or not path.is_file():
                raise ArchiveError(f"{path} is not there")
            if checksum(path) != one.sha256:
                raise ArchiveError(f"{path} is damaged: its checksum is another one")


def checksum(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def keep_for_good(path: Path) -> None:
    """Waits until a file's bytes, or a folder's names, are on the disk and outlast a power cut."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)

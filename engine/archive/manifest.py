"""A day's manifest: which files there are, how many rows each has, and what its bytes add up to."""

import hashlib
import os
from datetime import date, datetime
from pathlib import Path
from typing import Final, Self

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

    def put_in_force(self, folder: Path) -> None:
        """From now on its files count; those of the folder that do not any more go.

        All of it is on the disk first: rows are dropped on its word, and a power cut must not leave neither.
        """
        keep_for_good(folder)
        self.write(folder)
        named = {NAME, *(one.file for one in self.files)}
        for path in folder.iterdir():
            if path.name not in named and path.is_file():
                path.unlink()

    @classmethod
    def read(cls, folder: Path) -> Self:
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


def made_for_good(folder: Path) -> None:
    """Makes a folder with all above it that are not there, and waits until their names are on the disk."""
    made = [above for above in folder.parents if not above.exists()]
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for one in (folder, *made):
        keep_for_good(one.parent)


def keep_for_good(path: Path) -> None:
    """Waits until a file's bytes, or a folder's names, are on the disk and outlast a power cut."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)

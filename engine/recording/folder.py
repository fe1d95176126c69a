"""The folder of recordings: files that take turns by size and time, and go when they are old."""

import os
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import msgspec

from engine.recording.blocks import START, pack_block
from engine.recording.errors import UnwritableError
from engine.recording.records import Hole, Record, Session, time_of

SUFFIX = ".ticks"
ROTATE_S = 3600
_SECOND_NS = 1_000_000_000
_DAY_NS = 86_400 * _SECOND_NS
_PROBE_BYTES = 64 * 1024
"""About what a recording begins with: the instruments and what is known of them."""


class Statistics(msgspec.Struct, frozen=True):
    """What was written since the start."""

    files: int = 0
    records: int = 0
    bytes: int = 0
    current: str = ""
    """The file that grows now."""


class RecordingFolder:
    """Appends records to the newest file of a folder. Every call may wait for the disk: not for an event loop.

    A block reaches the operating system before ``write`` returns, so that a killed process loses none of it.
    """

    def __init__(
        self, folder: Path, session: Session, *, rotate_bytes: int, rotate_s: float = ROTATE_S, keep_days: int
    ) -> None:
        self._folder = folder
        self._session = session
        self._rotate_bytes = rotate_bytes
        self._rotate_ns = int(rotate_s * _SECOND_NS)
        self._keep_ns = keep_days * _DAY_NS
        self._file: BinaryIO | None = None
        self._size = 0
        self._blocks = 0
        self._began_ns = 0
        self.statistics = Statistics()

    def write(self, records: Sequence[Record]) -> None:
        """Appends one block; raises ``OSError`` when the disk does not take it, and then it is not half there."""
        if not records:
            return
        now_ns = time_of(records[-1])
        if self._file is None or self._is_full(now_ns):
            self._begin(now_ns)
        self._append(records)

    def close(self) -> None:
        """Ends the file; the next write begins another."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _is_full(self, now_ns: int) -> bool:
        return self._size >= self._rotate_bytes or now_ns - self._began_ns >= self._rotate_ns

    def _begin(self, now_ns: int) -> None:
        """Ends the file and begins another with its session; raises ``OSError``, and then there is no file."""
        self.close()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = self._newest_part() + 1
        session = msgspec.structs.replace(self._session, part=part, at_ns=now_ns)
        first = self.statistics.files == 0
        # what a recorder before this one, of the same run, had not written is gone
        records = [session, Hole(now_ns, 0, "the recorder began anew")] if first and part > 1 else [session]
        path = self._folder / file_name(session)
        start = START + pack_block(0, records)
        self._file = _created(path, start)
        self._size, self._blocks, self._began_ns = len(start), 1, now_ns
        told = msgspec.structs.replace(self.statistics, files=self.statistics.files + 1, current=str(path))
        self.statistics = _more(told, len(records), len(start))
        self._forget_old(now_ns, path)

    def _append(self, records: Sequence[Record]) -> None:
        assert self._file is not None
        block = pack_block(self._blocks, records)
        try:
            _write_whole(self._file, block)
        except OSError:
            self._file.truncate(self._size)  # what follows a half block would be found, but named damaged
            self._file.seek(self._size)
            raise
        self._size += len(block)
        self._blocks += 1
        self.statistics = _more(self.statistics, len(records), len(block))

    def _newest_part(self) -> int:
        """The number of the run's newest file; 0 when there is none."""
        files = self._folder.glob(f"*-{_run(self._session)}-*{SUFFIX}")
        return max((int(path.stem.rpartition("-")[2]) for path in files), default=0)

    def _forget_old(self, now_ns: int, newest: Path) -> None:
        """By when their last block was written, on the clock that their names are of."""
        names = sorted(self._folder.glob(f"*{SUFFIX}"))
        for path, following in pairwise(names):
            if path != newest and now_ns - _began_ns(following) > self._keep_ns > 0:
                path.unlink(missing_ok=True)


def require_writable(folder: Path) -> None:
    """Makes the folder and tries it; raises ``UnwritableError``, before a day is lived that nobody keeps."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder, buffering=0) as probe:
            _write_whole(probe, bytes(_PROBE_BYTES))
    except OSError as error:
        raise UnwritableError(f"{folder}: {error.strerror}.") from error


def file_name(session: Session) -> str:
    """``20261120T034500Z-run-0001.ticks``: sorted by name they are in order."""
    return f"{_stamp(session.at_ns)}-{_run(session)}-{session.part:04}{SUFFIX}"


def _run(session: Session) -> str:
    """What the files of one run have in common."""
    return f"{session.started_ns // 1_000_000:x}"


def _stamp(time_ns: int) -> str:
    return f"{datetime.fromtimestamp(time_ns // _SECOND_NS, UTC):%Y%m%dT%H%M%SZ}"


def _began_ns(path: Path) -> int:
    """When a file was begun, by its name; far in the future for a name that is not ours."""
    try:
        began = datetime.strptime(path.name.partition("-")[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return 2**63
    return int(began.timestamp()) * _SECOND_NS


def _more(told: Statistics, records: int, size: int) -> Statistics:
    return msgspec.structs.replace(told, records=told.records + records, bytes=told.bytes + size)


def _created(path: Path, start: bytes) -> BinaryIO:
    """A new file that begins so, for its owner's eyes: what providers send is licensed.

    One that the disk does not take is removed: without its session nothing in a file can be played, and the next
    flush would leave another.
    """
    file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", buffering=0)
    try:
        _write_whole(file, start)
    except OSError:
        file.close()
        path.unlink(missing_ok=True)
        raise
    return file


def _write_whole(file: BinaryIO, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]

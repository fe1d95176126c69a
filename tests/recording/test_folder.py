"""Files that take turns: nothing is lost between them, and the old ones go."""

import contextlib
import resource
import stat
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from engine.recording import Frame, NotRecordedError, Record, RecordingFileError, RecordingFolder, Session, read_files
from engine.recording.blocks import START, Damage
from engine.recording.reading import files_of
from tests.recording.samples import BEGAN, SESSION

HOUR_NS = 3600 * 10**9


def frames(count: int, since_ns: int = BEGAN) -> list[Record]:
    return [Frame("simulator", 0, since_ns + number, bytes([number % 256]) * 50) for number in range(count)]


Opener = Callable[..., RecordingFolder]


@pytest.fixture
def folder() -> Iterator[Opener]:
    """Opens recordings, and closes them when the test ends."""
    with contextlib.ExitStack() as stack:

        def opened(
            path: Path, session: Session = SESSION, *, rotate_bytes: int = 10**9, keep_days: int = 7
        ) -> RecordingFolder:
            recording = RecordingFolder(path, session, rotate_bytes=rotate_bytes, keep_days=keep_days)
            stack.callback(recording.close)
            return recording

        yield opened


def read(*paths: Path) -> tuple[list[Record], list[Damage]]:
    damages: list[Damage] = []
    records = list(read_files(files_of(paths), damaged=lambda _, damage: damages.append(damage)))
    return [record for record in records if not isinstance(record, Session)], damages


def test_what_was_written_is_read_over_all_files_of_the_folder(tmp_path: Path, folder: Opener) -> None:
    recording = folder(tmp_path, rotate_bytes=2_000)
    for start in range(0, 1_000, 100):
        recording.write(frames(100, BEGAN + start))
    recording.close()

    assert read(tmp_path) == ([frame for start in range(0, 1_000, 100) for frame in frames(100, BEGAN + start)], [])
    assert len(list(tmp_path.iterdir())) == recording.statistics.files > 1
    assert recording.statistics.bytes == sum(path.stat().st_size for path in tmp_path.iterdir())


def test_a_file_ends_after_an_hour_and_each_begins_with_its_session(tmp_path: Path, folder: Opener) -> None:
    recording = folder(tmp_path)
    for hour in range(3):
        recording.write(frames(5, BEGAN + hour * HOUR_NS))

    assert [path.name[:16] for path in sorted(tmp_path.iterdir())] == [
        "20261118T183000Z",
        "20261118T193000Z",
        "20261118T203000Z",
    ]
    for number, path in enumerate(sorted(tmp_path.iterdir()), 1):
        first = next(read_files([path], damaged=pytest.fail))
        assert isinstance(first, Session)
        assert (first.part, first.instruments) == (number, SESSION.instruments)


def test_what_is_older_than_the_retention_goes_and_strange_files_stay(tmp_path: Path, folder: Opener) -> None:
    (tmp_path / "notes.ticks").write_text("mine")
    recording = folder(tmp_path, keep_days=2)
    for day in range(6):
        recording.write(frames(2, BEGAN + day * 24 * HOUR_NS))

    assert [path.name[:8] for path in sorted(tmp_path.iterdir())] == [
        "20261121",
        "20261122",
        "20261123",
        "notes.ti",
    ]


def test_files_are_read_in_the_order_in_which_they_were_written_whatever_they_are_named(
    tmp_path: Path, folder: Opener
) -> None:
    later = Session(
        **{**{name: getattr(SESSION, name) for name in SESSION.__struct_fields__}, "started_ns": BEGAN + HOUR_NS}
    )
    for session, name in ((SESSION, "z"), (later, "a")):
        recording = folder(tmp_path / name, session)
        recording.write(frames(3, session.started_ns))
        recording.close()
    paths = [tmp_path / "a", tmp_path / "z", tmp_path / "z"]

    assert read(*paths)[0] == [*frames(3), *frames(3, BEGAN + HOUR_NS)]


def test_a_torn_last_block_is_named_and_the_rest_is_read(tmp_path: Path, folder: Opener) -> None:
    recording = folder(tmp_path)
    recording.write(frames(10))
    recording.write(frames(10, BEGAN + 10))
    [path] = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-7])

    records, [damage] = read(path)

    assert records == frames(10)
    assert "cut off" in damage.what


def test_what_is_no_recording_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(RecordingFileError, match="no recording at"):
        read(tmp_path / "nothing")
    (tmp_path / "text.ticks").write_text("no recording, but quite long")
    with pytest.raises(NotRecordedError, match=r"text\.ticks"):
        read(tmp_path / "text.ticks")


@pytest.mark.parametrize("rest", [b"", START, START + b"no block", b"another program's file"])
def test_a_file_without_its_session_is_named_and_the_others_are_read(
    rest: bytes, tmp_path: Path, folder: Opener
) -> None:
    recording = folder(tmp_path)
    recording.write(frames(10))
    (tmp_path / "20261118T000000Z-dead-0001.ticks").write_bytes(rest)
    progress: list[int] = []
    damages: list[tuple[str, Damage]] = []

    records = read_files(
        files_of([tmp_path]), damaged=lambda path, one: damages.append((path.name, one)), progressed=progress.append
    )

    assert list(records)[1:] == frames(10)
    [(name, damage)] = damages
    assert name == "20261118T000000Z-dead-0001.ticks"
    assert damage[:2] == (0, len(rest))
    assert "the whole file is skipped" in damage.what
    assert sum(progress) == sum(path.stat().st_size for path in tmp_path.iterdir())


@pytest.mark.parametrize("count", [1, 2])
def test_files_of_which_none_tells_its_session_are_an_error(count: int, tmp_path: Path) -> None:
    for number in range(count):
        (tmp_path / f"{number}.ticks").write_bytes(START)
    with pytest.raises(NotRecordedError, match=r"0\.ticks: its first block"):
        read(tmp_path)


def test_recordings_are_for_their_owner_only(tmp_path: Path, folder: Opener) -> None:
    place = tmp_path / "data" / "recordings"
    folder(place).write(frames(1))
    [path] = place.iterdir()
    assert (stat.S_IMODE(place.stat().st_mode), stat.S_IMODE(path.stat().st_mode)) == (0o700, 0o600)


@pytest.mark.parametrize("taken", [0, 5, len(START), len(START) + 20])
def test_a_disk_that_is_full_when_a_file_begins_leaves_none_and_the_next_one_has_its_session(
    taken: int, tmp_path: Path, folder: Opener
) -> None:
    recording = folder(tmp_path, rotate_bytes=1)
    recording.write(frames(10))
    told = recording.statistics

    with _file_size_limit(taken):
        for _ in range(3):
            with pytest.raises(OSError, match="File too large"):
                recording.write(frames(10, BEGAN + 10))

    assert len(list(tmp_path.iterdir())) == 1
    assert recording.statistics == told
    recording.write(frames(10, BEGAN + 10))
    assert read(tmp_path) == ([*frames(10), *frames(10, BEGAN + 10)], [])
    assert recording.statistics.files == len(list(tmp_path.iterdir())) == 2
    assert recording.statistics.bytes == sum(path.stat().st_size for path in tmp_path.iterdir())


@contextlib.contextmanager
def _file_size_limit(size: int) -> Generator[None]:
    """No file grows beyond so many bytes, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_is_full_leaves_no_half_block_behind(tmp_path: Path, folder: Opener) -> None:
    recording = folder(tmp_path)
    recording.write(frames(10))
    [path] = tmp_path.iterdir()
    size = path.stat().st_size
    recording.close()
    recording._file = _Full(path)

    with pytest.raises(OSError, match="No space"):
        recording.write(frames(10))

    assert path.stat().st_size == size
    assert read(path) == (frames(10), [])


class _Full:
    """Takes a few bytes more."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("r+b", buffering=0)
        self._file.seek(0, 2)
        self._left = 20

    def write(self, data: bytes) -> int:
        if not self._left:
            raise OSError(28, "No space left on device")
        self._left, count = 0, self._file.write(data[: self._left])
        return count

    def truncate(self, size: int) -> None:
        self._file.truncate(size)

    def close(self) -> None:
        self._file.close()

    def seek(self, place: int) -> None:
        self._file.seek(place)

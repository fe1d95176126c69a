"""Reading recordings: the files of one or more runs as one sequence of records, with what had to be skipped."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from engine.recording.blocks import BlockReader, Damage
from engine.recording.errors import NotRecordedError, RecordingFileError
from engine.recording.folder import SUFFIX
from engine.recording.records import Record, Session

_PORTION = 1 << 20


def files_of(paths: Sequence[Path]) -> list[Path]:
    """The named files, and all recordings of named folders; raises ``RecordingFileError`` where there is none."""
    found: list[Path] = []
    for path in paths:
        inside = sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path] if path.exists() else []
        if not inside:
            raise RecordingFileError(f"There is no recording at {path}.")
        found += inside
    return found


def first_session(path: Path) -> Session:
    """What the engine started with; raises ``NotRecordedError`` when the file's first block is damaged."""
    for records in _blocks(path, _ignored):
        if isinstance(records[0], Session):
            return records[0]
        break
    raise NotRecordedError(f"{path}: its first block, which tells what the engine started with, can not be read.")


def read_files(
    paths: Sequence[Path],
    *,
    damaged: Callable[[Path, Damage], None],
    progressed: Callable[[int], None] = lambda _: None,
) -> Iterator[Record]:
    """All records in the order in which they were made; ``damaged`` hears of each part that was skipped.

    ``progressed`` hears of the bytes read since it was called last. Of files that were named twice one is read. A file
    that does not tell its session is skipped; raises ``NotRecordedError`` when no file does.
    """
    places, refused = _places(sorted({path.resolve() for path in paths}))
    if refused and not places:
        raise next(iter(refused.values()))
    for path, error in refused.items():
        size = path.stat().st_size
        damaged(path, Damage(0, size, f"the whole file is skipped. {error}"))
        progressed(size)
    for path in sorted(places, key=places.__getitem__):
        for records in _blocks(path, damaged, progressed):
            yield from records


def _places(paths: Sequence[Path]) -> tuple[dict[Path, tuple[int, int]], dict[Path, NotRecordedError]]:
    """Where each file belongs among the others, by run and part; and why those that do not tell are refused.

    A machine that loses its power leaves a file without a session: it must not make a whole folder unplayable.
    """
    places: dict[Path, tuple[int, int]] = {}
    refused: dict[Path, NotRecordedError] = {}
    for path in paths:
        try:
            session = first_session(path)
        except NotRecordedError as error:
            refused[path] = error
        else:
            places[path] = session.started_ns, session.part
    return places, refused


def _blocks(
    path: Path, damaged: Callable[[Path, Damage], None], progressed: Callable[[int], None] = lambda _: None
) -> Iterator[list[Record]]:
    reader = BlockReader()
    try:
        with path.open("rb") as file:
            while portion := file.read(_PORTION):
                for item in reader.feed(portion):
                    if isinstance(item, Damage):
                        damaged(path, item)
                    else:
                        yield item
                progressed(len(portion))
        for damage in reader.finish():
            damaged(path, damage)
    except NotRecordedError as error:
        raise NotRecordedError(f"{path}: {error}") from None


def _ignored(path: Path, damage: Damage) -> None:
    """It is told when the file is read as a whole."""

"""The recorder: what it was told is in the files, what is not leaves a hole that says so, and nobody waits for the disk."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from threading import Event

import pytest
import trio

from actors.messages import Count
from actors.recorder import Recorder
from engine.recording import Ended, Frame, Hole, Opened, Record, RecordingFolder, Session, read_files
from engine.runtime import ActorRef, ActorSystem, ChildSpec, Supervisor
from tests.recording.samples import BEGAN, SESSION


class Stuck(RecordingFolder):
    """A disk that takes nothing until it is told to."""

    free = Event()

    def write(self, records: Sequence[Record]) -> None:
        if not self.free.wait(5):
            pytest.fail("the disk was never freed")
        super().write(records)


class Full(RecordingFolder):
    """A disk that is full for the first two blocks."""

    tries = 0

    def write(self, records: Sequence[Record]) -> None:
        Full.tries += 1
        if Full.tries <= 2:
            raise OSError(28, "No space left on device")
        super().write(records)


async def session() -> Session:
    return SESSION


def frames(count: int, since: int = 0) -> list[Frame]:
    return [Frame("simulator", 0, BEGAN + number, b"x" * 400) for number in range(since, since + count)]


def written(folder: Path) -> list[Record]:
    records = read_files(list(folder.iterdir()), damaged=pytest.fail)
    return [record for record in records if not isinstance(record, Session | Ended)]


def recorder(folder: Path, kind: type[RecordingFolder] = RecordingFolder) -> Callable[[], Recorder]:
    return partial(Recorder, session, lambda begun: kind(folder, begun, rotate_bytes=10**9, keep_days=7))


async def started(system: ActorSystem, make: Callable[[], Recorder]) -> ActorRef:
    await system.start(ChildSpec("engine", partial(Supervisor, [ChildSpec("recorder", make)])))
    return system.ref("/engine/recorder")


async def test_what_it_was_told_is_written_within_a_second_and_at_the_end(tmp_path: Path) -> None:
    told: list[Record] = [Opened("simulator", 0, BEGAN), *frames(3_000)]
    async with ActorSystem("test") as system:
        ref = await started(system, recorder(tmp_path))
        for record in told[:2_000]:
            ref.tell(record)
        with trio.fail_after(5):
            while len(await trio.to_thread.run_sync(_readable, tmp_path)) < 2_000:
                await trio.sleep(0.05)
        for record in told[2_000:]:
            ref.tell(record)
        assert (await ref.ask(Count(), timeout_s=5))["records_lost"] == 0

    assert written(tmp_path) == told


def _readable(folder: Path) -> list[Record]:
    records = read_files(list(folder.glob("*.ticks")), damaged=lambda _, __: None)
    return [record for record in records if not isinstance(record, Session)]


async def test_what_it_could_not_keep_up_with_is_a_hole_where_it_was(tmp_path: Path) -> None:
    Stuck.free.clear()
    async with ActorSystem("test") as system:
        ref = await started(system, recorder(tmp_path, Stuck))
        for frame in frames(1_000):
            ref.tell(frame)
        with trio.fail_after(5):
            while system.snapshot("/engine/recorder").mailbox.depth > 900:
                await trio.sleep(0.01)
        with trio.fail_after(1):  # nobody waits
            for frame in frames(60_000, since=1_000):
                ref.tell(frame)
        Stuck.free.set()

    found = written(tmp_path)
    holes = [record for record in found if isinstance(record, Hole)]
    assert holes
    assert sum(hole.lost for hole in holes) == 61_000 - sum(isinstance(record, Frame) for record in found)
    assert [record for record in found if isinstance(record, Frame)] == sorted(
        (record for record in found if isinstance(record, Frame)), key=lambda frame: frame.ts_recv
    )


async def test_a_full_disk_is_tried_again_and_loses_nothing(tmp_path: Path) -> None:
    Full.tries = 0
    async with ActorSystem("test") as system:
        ref = await started(system, recorder(tmp_path, Full))
        for frame in frames(10):
            ref.tell(frame)
        with trio.fail_after(10):
            while Full.tries < 3:
                await trio.sleep(0.05)

    assert written(tmp_path) == frames(10)


async def test_a_recorder_that_begins_anew_says_so_and_goes_on_in_the_next_file(tmp_path: Path) -> None:
    for part in range(2):
        async with ActorSystem("test") as system:
            ref = await started(system, recorder(tmp_path))
            for frame in frames(5, since=5 * part):
                ref.tell(frame)

    found = written(tmp_path)
    assert [record for record in found if isinstance(record, Frame)] == frames(10)
    assert [type(record) for record in found[5:6]] == [Hole]

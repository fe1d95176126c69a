"""``ticktree record`` as a user runs it: a process of its own, against the simulated exchange in another."""

import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from engine.launcher.place import free_port
from engine.recording import Ended, Frame, Opened, Record, Session, read_files
from engine.recording.reading import Damage
from tests.test_cli import ROOT, run

pytestmark = pytest.mark.slow
PATIENCE_S = 60.0


class Running:
    """A command that goes on until it is told, and what it says."""

    def __init__(
        self, *command: str, folder: Path, environment: Mapping[str, str], preexec: Callable[[], None] | None = None
    ) -> None:
        self.said = folder / f"{command[0]}.log"
        inherited = {
            name: value for name, value in os.environ.items() if not re.match("TICKTREE_|REDIS_|DATABASE_", name)
        }
        with self.said.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "engine", *command],
                cwd=folder,
                env=inherited | {"PYTHONPATH": str(ROOT), **environment},
                stdout=log,
                stderr=log,
                preexec_fn=preexec,  # noqa: PLW1509 - one limit, set between fork and exec
            )

    @property
    def words(self) -> str:
        return " ".join(self.said.read_text().split())

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert self.process.poll() is None, self.words
            assert time.monotonic() < deadline, self.words
            time.sleep(0.05)

    def interrupt(self) -> int:
        """Ctrl-C; gives the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE_S)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def running(
    *command: str, folder: Path, environment: Mapping[str, str], preexec: Callable[[], None] | None = None
) -> Generator[Running]:
    process = Running(*command, folder=folder, environment=environment, preexec=preexec)
    try:
        yield process
    finally:
        process.end()


@pytest.fixture
def place(data_folder: Path) -> Generator[dict[str, str]]:
    """The environment of a user whose simulated exchange is open, and who has no stores yet."""
    feed_port, rest_port = free_port(), free_port()
    ports = "--feed-port", str(feed_port), "--rest-port", str(rest_port)
    with running(
        "simulate", *ports, folder=data_folder, environment={"TICKTREE_SIMULATOR_INSTRUMENTS": "10"}
    ) as exchange:
        exchange.until(lambda: "is open" in exchange.words)
        yield {
            "TICKTREE_DATA_DIR": str(data_folder / "data"),
            "TICKTREE_SIMULATOR_FEED_URL": f"ws://127.0.0.1:{feed_port}",
            "TICKTREE_SIMULATOR_REST_URL": f"http://127.0.0.1:{rest_port}/v2",
        }


def recorded(folder: Path) -> list[Record]:
    """What the files hold so far; the last block may be half there."""
    return list(read_files(sorted(folder.glob("*.ticks")), damaged=lambda _, __: None))


def must_not_be(path: Path, damage: Damage) -> None:
    pytest.fail(f"{path.name}: {damage}")


def frames(folder: Path) -> int:
    return sum(isinstance(record, Frame) for record in recorded(folder))


def test_a_newcomers_recording_grows_until_ctrl_c_ends_it_whole_and_is_replayed(
    data_folder: Path, place: dict[str, str]
) -> None:
    files = data_folder / "ticks"
    with running("record", "--folder", str(files), folder=data_folder, environment=place) as recorder:
        recorder.until(lambda: frames(files) > 10)
        assert recorder.interrupt() == 0, recorder.words
        assert f"Recording into {files}. Ctrl-C saves what is unsaved and stops." in recorder.words
        assert recorder.words.endswith("Stopped; everything is written.")
        assert "Traceback" not in recorder.words
    session, *rest = read_files(sorted(files.iterdir()), damaged=must_not_be)
    assert isinstance(session, Session)
    assert len(session.instruments) == 10
    assert any(isinstance(record, Opened) for record in rest)
    assert isinstance(rest[-1], Ended)
    assert f"{frames(files):,} frames" in run("replay", str(files), folder=data_folder).stdout


def test_a_second_recording_is_refused_while_the_first_one_owns_the_feeds(
    data_folder: Path, place: dict[str, str], redis_url: str, database_url: str
) -> None:
    place |= {"REDIS_URL": redis_url, "DATABASE_URL": database_url, "TICKTREE_ENGINE_ID": "first"}
    with running("record", folder=data_folder, environment=place) as first:
        first.until(lambda: frames(data_folder / "data" / "recordings"))
        second = run("record", folder=data_folder, **place)
        assert second.returncode == 1
        assert "The engine first is on duty and owns the feeds" in " ".join(second.stderr.split())
        assert first.interrupt() == 0, first.words


def test_a_folder_that_can_not_be_written_is_a_sentence_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("not a folder")
    result = run("record", "--folder", "notes/ticks", folder=tmp_path)
    assert result.returncode == 1
    assert result.stderr == "Error: Nothing can be recorded there. notes/ticks: Not a directory.\n"
    assert not (tmp_path / ".ticktree").exists()


def test_without_an_exchange_it_says_how_to_open_one(data_folder: Path) -> None:
    result = run("record", folder=data_folder, TICKTREE_DATA_DIR=str(data_folder / "data"))
    assert result.returncode == 1
    assert "start `ticktree simulate` first" in " ".join(result.stderr.split())


def test_a_disk_that_fills_up_is_told_at_the_end_with_another_exit_code_and_what_is_there_is_replayed(
    data_folder: Path, place: dict[str, str], redis_url: str, database_url: str
) -> None:
    files = data_folder / "ticks"
    place |= {"REDIS_URL": redis_url, "DATABASE_URL": database_url}
    full = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (128 * 1024, 128 * 1024))
    with running("record", "--folder", str(files), folder=data_folder, environment=place, preexec=full) as recorder:
        recorder.until(lambda: "recording_not_written" in recorder.words)
        assert recorder.interrupt() == 1, recorder.words
        assert re.search(
            r"the last [\d,]+ records could not be written into .*/ticks: is the disk full\?", recorder.words
        )
        assert "everything is written" not in recorder.words
    assert f"{frames(files):,} frames" in run("replay", str(files), folder=data_folder).stdout

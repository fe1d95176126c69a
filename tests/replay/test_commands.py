"""``ticktree record`` and ``ticktree replay``: what they say, and what they refuse."""

import json
import re
from pathlib import Path

import pytest

from benchmarks.recording import made_recording
from tests.test_cli import run


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recording")
    return made_recording(folder, instruments=2, seconds=130, ticks_per_s=10, per_frame=5)


def test_a_folder_is_replayed_and_summed_up(recording: Path, tmp_path: Path) -> None:
    result = run("replay", str(recording.parent), folder=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "times as fast as it was" in result.stdout
    assert re.search(r"256 frames, 1,280 ticks", result.stdout)
    assert re.search(r"(?m)^hash [0-9a-f]{64}$", result.stdout)


def test_two_replays_have_the_same_hash_whatever_their_speed(recording: Path, tmp_path: Path) -> None:
    hashes = {
        json.loads(run("replay", str(recording), "--json", *speed, folder=tmp_path).stdout)["hash"]
        for speed in ([], ["--speed", "100"], ["--speed", "max"])
    }
    assert len(hashes) == 1


def test_what_is_torn_is_named_and_the_rest_is_replayed(recording: Path, tmp_path: Path) -> None:
    torn = tmp_path / "torn.ticks"
    torn.write_bytes(recording.read_bytes()[:-100])
    result = run("replay", str(torn), folder=tmp_path)
    assert result.returncode == 0
    assert "torn.ticks" in result.stderr
    assert "cut off" in " ".join(result.stderr.split())
    assert "1 holes in the recording" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["replay", "nowhere"], "There is no recording at nowhere"),
        (["replay", "notes.ticks"], "notes.ticks: The file is no recording."),
        (["replay", "notes.ticks", "--speed", "0"], "expected a number above 0 or max, was '0'"),
        (["replay", "notes.ticks", "--speed", "fast"], "expected a number above 0 or max, was 'fast'"),
        (["replay"], "Missing argument"),
        (["record", "--rotate-mb", "0"], "0 is not in the range"),
    ],
)
def test_what_can_not_be_is_refused_with_a_sentence(arguments: list[str], sentence: str, tmp_path: Path) -> None:
    (tmp_path / "notes.ticks").write_text("buy milk, then some more milk")
    result = run(*arguments, folder=tmp_path)
    assert result.returncode != 0
    assert sentence in " ".join(result.stderr.split())

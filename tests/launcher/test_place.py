"""What the launcher takes before anything starts."""

import stat
from pathlib import Path

import pytest

from engine.launcher.place import LaunchError, free_port, listen, note_run, noted_run, secret_key


def test_a_port_in_use_is_a_sentence_that_names_it_and_the_way_out() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(LaunchError, match=f"PORT: expected a free port, was {port}.*PORT={port + 1} ticktree run"):
            listen("127.0.0.1", port)


def test_an_address_of_another_machine_is_a_sentence_that_names_it() -> None:
    with pytest.raises(LaunchError, match=r"TICKTREE_HOST: expected an address of this machine, was 192\.0\.2\.1\."):
        listen("192.0.2.1", 0)


def test_a_free_port_can_be_listened_on() -> None:
    port = free_port()
    with listen("127.0.0.1", port) as listening:
        assert listening.getsockname() == ("127.0.0.1", port)


def test_the_secret_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    key = secret_key(data_dir)
    assert len(key) >= 32
    assert secret_key(data_dir) == key
    assert stat.S_IMODE((data_dir / "secret-key").stat().st_mode) == 0o600
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700


def test_the_note_of_a_run_is_found_again_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    file = note_run(tmp_path, {"redis_url": "redis://:word@127.0.0.1:1/0"})
    note = noted_run(tmp_path)
    assert note
    assert note.addresses == {"redis_url": "redis://:word@127.0.0.1:1/0"}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "word" not in repr(note)


def test_the_note_of_a_run_that_was_killed_is_no_run(tmp_path: Path) -> None:
    file = note_run(tmp_path, {})
    file.write_text(file.read_text().replace('"mark":"', '"mark":"1'))
    assert noted_run(tmp_path) is None


def test_without_a_note_or_with_a_damaged_one_there_is_no_run(tmp_path: Path) -> None:
    assert noted_run(tmp_path) is None
    (tmp_path / "run.json").write_text("{")
    assert noted_run(tmp_path) is None

"""What the launcher takes before anything starts: the web's port, free ports, the secret key, and a note of its run."""

import errno
import os
import secrets
import socket
from pathlib import Path

import msgspec

from engine.storage.embedded.identity import is_same_process, start_mark

BACKLOG = 1024


class LaunchError(Exception):
    """Nothing can be started: the message says why and what to do."""


class RunNote(msgspec.Struct, frozen=True):
    """What a running launcher has, for the other commands; readable by its owner only."""

    pid: int
    mark: str
    """When that process began: its number alone may be another's by now."""
    addresses: dict[str, str]
    """Of what it started, by the settings' fields."""

    def __repr__(self) -> str:
        return f"RunNote(pid={self.pid})"


def listen(host: str, port: int) -> socket.socket:
    """The web's socket. It stays open while web processes come and go: clients wait instead of being refused."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise LaunchError(_port_sentence(host, port, error)) from error


def free_port() -> int:
    """A port of this machine that nobody uses now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def secret_key(data_dir: Path) -> str:
    """The key that signs sessions, made once and kept for the owner only."""
    file = data_dir / "secret-key"
    if not file.exists():
        write_private(file, secrets.token_urlsafe(48).encode())
    file.chmod(0o600)  # also one that was copied here by a hand less careful
    return file.read_text()


def note_run(data_dir: Path, addresses: dict[str, str]) -> Path:
    """Leaves the note of this run, and tells where."""
    file = _note_file(data_dir)
    write_private(file, msgspec.json.encode(RunNote(os.getpid(), start_mark(os.getpid()), addresses)))
    return file


def noted_run(data_dir: Path) -> RunNote | None:
    """The note of the run that uses this folder now, if there is one."""
    try:
        note = msgspec.json.decode(_note_file(data_dir).read_bytes(), type=RunNote)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None
    return note if is_same_process(note.pid, note.mark) else None


def write_private(file: Path, content: bytes) -> None:
    """Writes a file that only its owner may read, all of it or nothing."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target:
        target.write(content)
    fresh.replace(file)


def _note_file(data_dir: Path) -> Path:
    return data_dir / "run.json"


def _port_sentence(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"PORT: expected a free port, was {port}, which another program uses. "
            f"Choose another: PORT={port + 1} ticktree run"
        )
    if error.errno == errno.EACCES:
        return f"PORT: expected a port this account may use, was {port}. Choose one above 1023: PORT=8000 ticktree run"
    return f"TICKTREE_HOST: expected an address of this machine, was {host}."

"""One server's folder: private, locked while anybody serves from it, and the place of its password and port.

The lock is a ``flock`` whose descriptor the server inherits: it is held as long as the launcher **or** its server lives.
Who can take it at once is alone; who can not looks who wrote the file last: a living launcher owns the folder, a dead one
left an orphan, which is stopped.
"""

import errno
import fcntl
import os
import secrets
import signal
import socket
import time
from pathlib import Path

import msgspec

from engine.storage.embedded.identity import is_same_process, runs_from, start_mark
from engine.storage.errors import EmbeddedServerError

_LOCK_POLL_S = 0.02
_FAREWELL_S = 1.0
"""How long a server may need to end that dies with its launcher just now."""


class Credentials(msgspec.Struct, frozen=True):
    """What a client needs to be let in. Kept in a file that only its owner may read."""

    password: str
    port: int

    def __repr__(self) -> str:
        return f"Credentials(password=***, port={self.port})"


class Holder(msgspec.Struct, frozen=True):
    """Who holds a folder: the launcher, when it began, and its server (0 until started)."""

    launcher: int
    launcher_mark: str
    server: int = 0
    place: str = ""
    """A folder that the server's command line names."""


class ServerFolder:
    """A folder claimed for one server."""

    def __init__(self, path: Path, *, orphan_signal: signal.Signals, orphan_budget_s: float = 10.0) -> None:
        self.path = path
        self.notes: tuple[str, ...] = ()
        """What the operator should know of how the folder was found."""
        _make_private(path)
        self.lock = os.open(path / "server.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            self._claim(orphan_signal, orphan_budget_s)
        except BaseException:
            os.close(self.lock)
            raise
        write_holder(self.lock, Holder(os.getpid(), start_mark(os.getpid())))

    def credentials(self) -> Credentials:
        """The password, made once, and a port, kept as long as it is free."""
        known = self._read_credentials()
        password = known.password if known else secrets.token_urlsafe(24)
        port = known.port if known and _is_free(known.port) else _free_port()
        credentials = Credentials(password, port)
        if credentials != known:
            write_private(self.path / "credentials.json", msgspec.json.encode(credentials))
        return credentials

    def release(self) -> None:
        """Lets others claim the folder, once no server of ours runs in it any more."""
        os.close(self.lock)

    def _read_credentials(self) -> Credentials | None:
        file = self.path / "credentials.json"
        try:
            return msgspec.json.decode(file.read_bytes(), type=Credentials)
        except FileNotFoundError:
            return None
        except msgspec.MsgspecError as error:
            raise EmbeddedServerError(f"{file} is damaged; restore it, or remove it to have a new one made.") from error

    def _claim(self, orphan_signal: signal.Signals, budget_s: float) -> None:
        if self._try_lock(0):
            return
        holder = self._holder()
        if holder and is_same_process(holder.launcher, holder.launcher_mark):
            raise EmbeddedServerError(f"{self.path} is in use by process {holder.launcher}: ticktree runs already.")
        orphan = holder.server if holder and runs_from(holder.server, holder.place) else 0
        for number in (orphan_signal, signal.SIGKILL) if orphan else ():
            _send(orphan, number)
            if self._try_lock(budget_s):
                self.notes = (f"Stopped process {orphan}, a server that a launcher left behind in {self.path}.",)
                return
        if not self._try_lock(_FAREWELL_S):
            raise EmbeddedServerError(
                f"{self.path} is locked by a process that can not be found, perhaps in another container."
            )

    def _holder(self) -> Holder | None:
        try:
            return msgspec.json.decode(os.pread(self.lock, 1000, 0), type=Holder)
        except msgspec.MsgspecError:
            return None

    def _try_lock(self, patience_s: float) -> bool:
        deadline = time.monotonic() + patience_s
        while True:
            try:
                fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    return False
                time.sleep(_LOCK_POLL_S)
            else:
                return True


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass  # it has just ended by itself
    except PermissionError as error:
        raise EmbeddedServerError(f"Process {pid} of another user serves from our folder; stop it first.") from error


def write_holder(lock: int, holder: Holder) -> None:
    """Notes the holder inside the lock file."""
    os.ftruncate(lock, 0)
    os.pwrite(lock, msgspec.json.encode(holder), 0)


def write_private(file: Path, content: bytes, *, owner: tuple[int, int] | None = None) -> None:
    """Writes a file that only its owner may read, all of it or nothing."""
    fresh = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as target:
            target.write(content)
        if owner:
            os.chown(fresh, *owner)
        fresh.replace(file)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise EmbeddedServerError(f"{file} can not be written: {error.strerror}.") from error


def _make_private(path: Path) -> None:
    try:
        for missing in reversed([folder for folder in (path, *path.parents) if not folder.exists()]):
            missing.mkdir(mode=0o700, exist_ok=True)
        if path.stat().st_mode & 0o007:
            path.chmod(0o700)
    except OSError as error:
        reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror
        raise EmbeddedServerError(f"The data folder {path} can not be used: {reason}.") from error


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

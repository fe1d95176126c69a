"""A server process as a description: whoever supervises processes can start, probe and stop it."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from engine.storage.embedded.account import Account
from engine.storage.embedded.folder import Holder, ServerFolder, write_holder
from engine.storage.embedded.identity import start_mark
from engine.storage.errors import EmbeddedServerError

_PR_SET_PDEATHSIG = 1
_READY_POLL_S = 0.01


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """One embedded server, prepared: its folder is ours, its files are in place, its port was free.

    ``argv``, ``environment``, ``working_folder`` and ``account`` say what to run; ``start`` runs it. The folder stays
    claimed, and the address the same, over any number of starts, until ``release``.
    """

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    working_folder: Path
    folder: ServerFolder
    url: str = field(repr=False)
    """The address with its password: for the environment of our own processes, never for a log."""
    probe: Callable[[], bool] = field(repr=False)
    stop_signal: signal.Signals
    stop_budget_s: float
    """Seconds a clean stop may take before the server is killed."""
    account: Account | None = None
    """The account to run as; ``None``: ours."""
    notes: tuple[str, ...] = ()
    """What the operator should know, for instance that the data had to go elsewhere."""

    def start(
        self, *, stdout: int | IO[bytes] | None = None, stderr: int | IO[bytes] | None = None
    ) -> subprocess.Popen[bytes]:
        """Starts the server; it dies with this process. Call it on the main thread: Linux ties it to the thread."""
        account = self.account
        try:
            return subprocess.Popen(  # noqa: S603
                self.argv,
                env=dict(self.environment),
                start_new_session=True,  # a Ctrl-C in the terminal is for the launcher, which stops its servers last
                cwd=self.working_folder,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
                umask=0o077,
                pass_fds=(self.folder.lock,),
                preexec_fn=self._tied_to_parent(),  # noqa: PLW1509 - forked on the main thread
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise EmbeddedServerError(f"{self.name} can not be started: {error}.") from error

    def is_ready(self) -> bool:
        """Whether the server lets clients in now. Answers within a second."""
        return self.probe()

    def stop(self, process: subprocess.Popen[bytes]) -> int:
        """Stops the server cleanly, or by force when its budget is over; returns its exit code."""
        if process.poll() is None:
            process.send_signal(self.stop_signal)
        try:
            return process.wait(self.stop_budget_s)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def release(self) -> None:
        """Gives the folder back."""
        self.folder.release()

    def _tied_to_parent(self) -> Callable[[], None]:
        """What the child does between fork and exec: note itself in the lock file, and die with us."""
        lock, place, death_signal = self.folder.lock, str(self.working_folder), int(self.stop_signal)
        parent = os.getpid()
        mark = start_mark(parent)
        library = ctypes.CDLL(None)

        def prepare_child() -> None:
            write_holder(lock, Holder(parent, mark, os.getpid(), place))
            if sys.platform == "linux":
                library.prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
                if os.getppid() != parent:  # the parent died before the signal was set
                    os._exit(1)

        return prepare_child


@contextlib.contextmanager
def running(
    server: ServerProcess, *, patience_s: float = 20.0, log: IO[bytes] | int | None = None
) -> Generator[ServerProcess]:
    """Runs a server for the length of a block, for tests and for commands that need it only briefly."""
    try:
        process = server.start(stdout=log, stderr=log)
        try:
            wait_until_ready(server, process, patience_s)
            yield server
        finally:
            server.stop(process)
    finally:
        server.release()


def wait_until_ready(server: ServerProcess, process: subprocess.Popen[bytes], patience_s: float = 20.0) -> None:
    """Blocks until the server answers; raises when it ends or does not answer in time."""
    deadline = time.monotonic() + patience_s
    while not server.is_ready():
        if process.poll() is not None:
            raise EmbeddedServerError(f"{server.name} ended with code {process.returncode} while it started.")
        if time.monotonic() > deadline:
            raise EmbeddedServerError(f"{server.name} did not answer within {patience_s:g} s.")
        time.sleep(_READY_POLL_S)

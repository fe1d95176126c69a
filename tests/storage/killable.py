"""A server of the test's own that can be killed and started again at the same address."""

import contextlib
import subprocess
import time
from collections.abc import Generator

import psutil

from engine.storage.embedded import ServerProcess, wait_until_ready


class Killable:
    """Runs from the beginning."""

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        self.start()

    @property
    def url(self) -> str:
        return self.server.url

    def start(self) -> None:
        self.process = self.server.start(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until_ready(self.server, self.process)

    def kill(self) -> None:
        """Kills it with all its own: PostgreSQL's backends outlive their parent for a moment, and would still answer."""
        parent = psutil.Process(self.process.pid)
        parent.suspend()  # it starts no further child meanwhile
        family = [*parent.children(recursive=True), parent]
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait()
        deadline = time.monotonic() + 10
        while any(_lives(process) for process in family) and time.monotonic() < deadline:
            time.sleep(0.005)


def _lives(process: psutil.Process) -> bool:
    """Whether it still runs; a dead one that nobody has collected yet does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextlib.contextmanager
def killable_server(server: ServerProcess) -> Generator[Killable]:
    killable = Killable(server)
    try:
        yield killable
    finally:
        server.stop(killable.process)
        server.release()

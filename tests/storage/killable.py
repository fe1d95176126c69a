"""A server of the test's own that can be killed and started again at the same address."""

import contextlib
import signal
import subprocess
from collections.abc import Generator

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
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@contextlib.contextmanager
def killable_server(server: ServerProcess) -> Generator[Killable]:
    killable = Killable(server)
    try:
        yield killable
    finally:
        server.stop(killable.process)
        server.release()

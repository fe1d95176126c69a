"""Web processes as a platform starts them: the Procfile's line, a port of its own each, and the stores by their addresses."""

import contextlib
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx

from tests.web.process import SECRET, TOKEN

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0


def procfile() -> dict[str, list[str]]:
    """The arguments of each process type; ``python`` is the interpreter of the tests."""
    lines = (line.partition(":") for line in (ROOT / "Procfile").read_text().splitlines() if line)
    return {name: [sys.executable, *shlex.split(command)[1:]] for name, _, command in lines}


def platform_environment(redis_url: str, database_url: str, **more: str) -> dict[str, str]:
    """What a platform sets, and nothing of ours beside it."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("TICKTREE_", "REDIS_"))}
    return {
        **inherited,
        "PYTHONPATH": str(ROOT),
        "REDIS_URL": redis_url,
        "DATABASE_URL": database_url,
        "TICKTREE_ADMIN_TOKEN": TOKEN,
        "TICKTREE_SECRET_KEY": SECRET,
        "LOG_FORMAT": "json",
        **more,
    }


class StartedWeb:
    """The Procfile's ``web`` on a port of its own; it may be killed and started again there."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = log
        self._environment = {**environment, "PORT": str(self.port)}
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                procfile()["web"], cwd=self.log.parent, env=self._environment, stdout=log, stderr=log
            )

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not self._is_ready():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Told to end as a platform does it; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)

    def children(self) -> list[int]:
        """The processes that a launcher has started so far, where WEB_CONCURRENCY asks for several."""
        events = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [event["pid"] for event in events if event["event"] == "process_ready"]

    def _is_ready(self) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/health/ready", timeout=5, trust_env=False).status_code == 200
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]

"""The whole program, as a newcomer starts it: on embedded stores, with its simulated exchange."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.launcher.children import lives

ROOT = Path(__file__).parent.parent.parent
CANARY = "canary-of-the-administrator"
PATIENCE_S = 90.0


class Run:
    """A ``ticktree run`` and what it logs."""

    def __init__(self, folder: Path) -> None:
        self.data_dir = folder / "data"
        self.log = folder / f"log-{time.monotonic_ns()}"
        inherited = {
            name: value for name, value in os.environ.items() if not re.match("TICKTREE_|REDIS_|DATABASE_", name)
        }
        ours = {
            "PYTHONPATH": str(ROOT),
            "PORT": "0",
            "LOG_FORMAT": "json",
            "TICKTREE_DATA_DIR": str(self.data_dir),
            "TICKTREE_SIMULATOR_INSTRUMENTS": "20",
            "TICKTREE_ADMIN_TOKEN": CANARY,
        }
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "engine", "run"], cwd=folder, env=inherited | ours, stdout=log, stderr=log
            )

    def events(self, name: str) -> list[dict[str, Any]]:
        lines = [line for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [event for event in map(json.loads, lines) if event["event"] == name]

    def pids(self, process: str) -> list[int]:
        return [event["pid"] for event in self.events("process_ready") if event["process"] == process]

    def url(self) -> str:
        self.until(lambda: self.events("ready"))
        return self.events("ready")[0]["url"]

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)


@contextmanager
def running(folder: Path) -> Generator[Run]:
    run = Run(folder)
    try:
        yield run
    finally:
        run.process.kill()
        run.process.wait()


def is_ready(url: str) -> bool:
    return httpx.get(f"{url}/health/ready", timeout=5, trust_env=False).status_code == 200


@pytest.mark.slow
def test_it_heals_from_a_killed_engine_and_a_killed_launcher_and_stops_in_order(data_folder: Path) -> None:
    with running(data_folder) as run:
        url = run.url()
        run.until(lambda: is_ready(url))
        os.kill(run.pids("engine")[0], signal.SIGKILL)
        run.until(lambda: len(run.pids("engine")) == 2)
        run.until(lambda: is_ready(url))
        assert [len(run.pids(name)) for name in ("valkey", "postgres", "simulator", "web-1")] == [1, 1, 1, 1]
        run.process.kill()
        run.process.wait()
        left = [pid for name in ("valkey", "postgres", "simulator", "engine", "web-1") for pid in run.pids(name)]
        deadline = time.monotonic() + 10
        while any(map(lives, left)) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not [pid for pid in left if lives(pid)]

    with running(data_folder) as again:
        url = again.url()
        again.until(lambda: is_ready(url))
        secrets = [CANARY, *re.findall(r":([^:@/]{12,})@", (again.data_dir / "run.json").read_text())]
        assert len(secrets) == 3
        again.process.send_signal(signal.SIGINT)
        assert again.process.wait(PATIENCE_S) == 0
        ended = [event["process"] for event in again.events("process_ended")]
        assert ended == ["prepare", "web-1", "engine", "simulator", "postgres", "valkey"]
        assert not [secret for secret in secrets if secret in run.log.read_text() + again.log.read_text()]
        assert not (again.data_dir / "run.json").exists()

"""A whole ticktree in processes of its own, as a newcomer starts it: on embedded stores, with its simulated exchange."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parent.parent.parent
PROGRAM = (sys.executable, "-m", "engine")
CANARY = "canary-of-the-administrator"
PATIENCE_S = 90.0


class Run:
    """A ``ticktree run`` and what it logs."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.data_dir = folder / "data"
        self.log = folder / f"log-{time.monotonic_ns()}"
        inherited = {
            name: value for name, value in os.environ.items() if not re.match("TICKTREE_|REDIS_|DATABASE_", name)
        }
        self.environment = {
            **inherited,
            "PYTHONPATH": str(ROOT),
            "PORT": "0",
            "LOG_FORMAT": "json",
            "TICKTREE_DATA_DIR": str(self.data_dir),
            "TICKTREE_SIMULATOR_INSTRUMENTS": "20",
            "TICKTREE_END_OF_DAY_AFTER": "off",
            "TICKTREE_ADMIN_TOKEN": CANARY,
            **settings,
        }
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([*PROGRAM, "run"], cwd=folder, env=self.environment, stdout=log, stderr=log)

    def events(self, name: str) -> list[dict[str, Any]]:
        lines = [line for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [event for event in map(json.loads, lines) if event["event"] == name]

    def pids(self, process: str) -> list[int]:
        return [event["pid"] for event in self.events("process_ready") if event["process"] == process]

    def url(self) -> str:
        self.until(lambda: self.events("ready"))
        return self.events("ready")[0]["url"]

    def command(self, *arguments: str, said: str = "") -> str:
        """Another command on the stores of this run; what it answers."""
        return subprocess.run(
            [*PROGRAM, *arguments],
            cwd=self.folder,
            env=self.environment,
            input=said,
            capture_output=True,
            text=True,
            timeout=50,
            check=True,
        ).stdout

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)


@contextmanager
def running(folder: Path, **settings: str) -> Generator[Run]:
    """Ended at once at the end: who wants to see it end in order tells it so."""
    run = Run(folder, **settings)
    try:
        yield run
    finally:
        run.process.kill()
        run.process.wait()


def is_ready(url: str) -> bool:
    return httpx.get(f"{url}/health/ready", timeout=5, trust_env=False).status_code == 200

"""The whole program, as a newcomer starts it: on embedded stores, with its simulated exchange."""

import os
import re
import signal
import time
from pathlib import Path

import pytest

from tests.launcher.children import lives
from tests.launcher.whole import CANARY, PATIENCE_S, is_ready, running


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

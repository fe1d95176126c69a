"""As a platform runs it: the Procfile's lines, addresses with TLS, releases at once, and SIGTERM with ten seconds to go."""

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path

import httpx
import pytest

from engine.storage.embedded import prepare_valkey
from tests.certificates import Certificate
from tests.storage.killable import Killable, killable_server
from tests.storage.tls import tls_before
from tests.web.process import BEARER
from tests.web.started import PATIENCE_S, StartedWeb, free_port, platform_environment, procfile

pytestmark = pytest.mark.slow

GRACE_S = 10.0


@pytest.fixture
def redis(data_folder: Path) -> Generator[Killable]:
    with killable_server(prepare_valkey(data_folder)) as server:
        yield server


@pytest.fixture
def environment(redis: Killable, empty_database_url: str, tmp_path: Path) -> Generator[dict[str, str]]:
    """Both stores behind certificates that signed themselves."""
    certificate = Certificate.made_in(tmp_path)
    with tls_before(redis.url, certificate) as cache, tls_before(empty_database_url, certificate) as database:
        yield platform_environment(
            f"{cache}?ssl_cert_reqs=none", f"{database.replace('postgresql', 'postgres', 1)}?sslmode=require"
        )


@pytest.fixture
def start(environment: dict[str, str], tmp_path: Path) -> Generator[Callable[..., subprocess.Popen[str]]]:
    """Starts a command; none outlives the test."""
    with contextlib.ExitStack() as started:

        def start_one(*command: str, **more: str) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                command,
                cwd=tmp_path,
                env={**environment, **more},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            started.callback(process.stdout.close if process.stdout else lambda: None)
            started.callback(process.wait)
            started.callback(process.kill)
            return process

        yield start_one


def test_two_releases_at_once_migrate_once_and_show_one_token(
    environment: dict[str, str], start: Callable[..., subprocess.Popen[str]]
) -> None:
    del environment["TICKTREE_ADMIN_TOKEN"]
    releases = [start(*procfile()["release"]) for _ in range(2)]
    printed = [release.communicate(timeout=PATIENCE_S)[0] for release in releases]
    assert [release.returncode for release in releases] == [0, 0], printed
    assert sum("shown only this once" in text for text in printed) == 1
    assert all("to come" not in text for text in printed)


def test_web_and_worker_run_behind_tls_and_end_in_time(
    environment: dict[str, str], start: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    lines = procfile()
    assert set(lines) == {"release", "web", "worker"}
    feed, rest = free_port(), free_port()
    environment |= {
        "TICKTREE_SIMULATOR_FEED_URL": f"ws://127.0.0.1:{feed}",
        "TICKTREE_SIMULATOR_REST_URL": f"http://127.0.0.1:{rest}/v2",
        "TICKTREE_SIMULATOR_INSTRUMENTS": "5",
    }
    ours = (sys.executable, "-m", "engine")
    start(*ours, "simulate", "--feed-port", str(feed), "--rest-port", str(rest))
    until(lambda: answers(f"http://127.0.0.1:{rest}/instruments"))
    for command in (lines["release"], [*ours, "seed"]):
        release = start(*command)
        assert (release.wait(PATIENCE_S), release.stdout and release.stdout.read())[0] == 0
    worker = start(*lines["worker"])
    web = StartedWeb(environment, tmp_path / "web")
    try:
        web.wait_until_ready()
        until(lambda: answers(f"{web.url}/api/v1/health/market_stream"))
        assert ended_in_time(worker) == 0
        assert ended_in_time(web.process) == 0
    finally:
        web.kill()


def answers(url: str) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(url, headers=BEARER, timeout=5, trust_env=False).status_code == 200
    return False


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def ended_in_time(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> int:
    """The exit code of a process that a platform kills when its time is over."""
    process.send_signal(signal.SIGTERM)
    return process.wait(GRACE_S)

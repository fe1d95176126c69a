"""``ticktree credentials`` as a process of its own: secrets come by no argument, and none of them is shown."""

import re
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import msgspec
import pytest
from click.testing import CliRunner

from engine.cli import ticktree
from engine.credentials import SealingKeys, Vault, new_key
from engine.credentials.entered import Entered
from tests.credentials.tokens import jwt
from tests.servers import with_database
from tests.test_users_command import Site

pytestmark = pytest.mark.slow

KEY = new_key()
TOKEN = jwt(exp=4_000_000_000, canary="of-the-command")


@pytest.fixture
def site(tmp_path: Path, redis_url: str, postgres: str, template_database: str) -> Site:
    del template_database
    made = Site(tmp_path, redis_url, postgres)
    made.command = (*made.command[:-1], "credentials")
    made.database_url = with_database(postgres, "credentials_command_simulated")
    made.environment |= {
        "DATABASE_URL": with_database(postgres, "credentials_command"),
        "TICKTREE_CREDENTIALS_KEY": KEY,
    }
    return made


def opened(site: Site) -> list[Entered]:
    return site.durable(lambda durable: Vault(durable, SealingKeys.parse(KEY)).opened())


def test_a_token_is_entered_listed_and_forgotten_and_never_shown(site: Site) -> None:
    said = site.users("set", "dhan", "--identity", "1100012345", password=TOKEN)
    assert said.returncode == 0, said.stderr
    assert "ends in" in said.stdout
    [credential] = opened(site)
    assert (credential.identity, credential.parts["token"].reveal()) == ("1100012345", TOKEN)
    again = site.users("set", "dhan", password="another-token")
    assert again.returncode == 0, again.stderr
    [credential] = opened(site)
    assert (credential.identity, credential.parts["token"].reveal()) == ("1100012345", "another-token")
    listed = site.users("list")
    assert "1100012345" in listed.stdout
    number = re.search(r"^\s*(\d+)  dhan", listed.stdout)
    assert number is not None
    assert site.users("remove", number[1]).returncode == 0
    assert opened(site) == []
    assert "There is no credential" in site.users("remove", number[1]).stderr
    for answer in (said, again, listed):
        assert TOKEN not in answer.stdout + answer.stderr


class Answer(BaseHTTPRequestHandler):
    """Kite's answer to a login."""

    protocol_version = "HTTP/1.0"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(msgspec.json.encode({"status": "success", "data": {"access_token": TOKEN}}))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class calls it
        """Nobody reads it."""


@pytest.fixture
def kite() -> Generator[str]:
    """The address of REST calls that answer a login."""
    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_what_kites_page_brings_back_becomes_the_token_of_the_day(site: Site, kite: str) -> None:
    site.environment |= {"KITE_API_KEY": "the-key", "KITE_REST_URL": kite}
    assert "KITE_API_SECRET are needed" in site.users("login", "kite", password="brought-back").stderr
    site.environment["KITE_API_SECRET"] = "canary-secret"

    said = site.users("login", "kite", password="brought-back")

    assert said.returncode == 0, said.stderr
    assert "https://kite.zerodha.com/connect/login?v=3&api_key=the-key" in said.stderr
    [credential] = opened(site)
    assert (credential.provider, credential.identity) == ("kite", "the-key")
    assert (credential.parts["token"].reveal(), credential.parts["api_secret"].reveal()) == (TOKEN, "canary-secret")
    assert credential.expires_ns is not None
    (listed,) = site.durable(lambda durable: Vault(durable, None).listed())
    site.durable(lambda durable: Vault(durable, None).forget(listed.id))
    for secret in (TOKEN, "canary-secret", "brought-back"):
        assert secret not in said.stdout + said.stderr


def test_what_can_be_no_credential_is_a_sentence(site: Site) -> None:
    for arguments, password, words in (
        (("set", "kite"), "a-token", "identity: the client id or API key is needed"),
        (("set", "dhan", "--identity", "1"), "", "no token"),
        (("set", "dhan", "--identity", "1", "--totp"), "no-base-32!\n1234", "seed: is no base32 text"),
    ):
        said = site.users(*arguments, password=password)
        assert said.returncode != 0
        assert words in " ".join(said.stderr.split())
        assert "Traceback" not in said.stderr


def test_a_key_is_made_for_whoever_wants_one() -> None:
    made = CliRunner().invoke(ticktree, ["credentials", "key"])
    assert SealingKeys.parse(made.output.strip())


def test_no_secret_may_be_an_argument(site: Site) -> None:
    assert site.users("set", "dhan", TOKEN).returncode == 2

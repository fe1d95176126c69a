"""``ticktree credentials`` as a process of its own: secrets come by no argument, and none of them is shown."""

import re
from pathlib import Path

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

import pytest

from engine.providers.base import Advice, ProviderError
from engine.providers.keyring import Credential, Keyring
from engine.providers.secret import Secret


def test_an_empty_keyring_asks_for_a_token_and_names_whose() -> None:
    with pytest.raises(ProviderError, match="kite") as raised:
        _ = Keyring("kite").current

    assert raised.value.advice is Advice.NEW_TOKEN


def test_a_newer_credential_is_in_force_at_once_and_a_forgotten_one_no_more() -> None:
    keyring = Keyring.holding("dhan", "1100012345", "yesterday")
    newer = Credential("1100012345", Secret("today"), expires_ns=7)

    keyring.replace(newer)
    assert keyring.current is newer
    keyring.forget()
    assert keyring.credential is None


def test_credentials_are_the_same_that_open_the_same_doors() -> None:
    one = Credential("id", Secret("token"), expires_ns=1)

    assert one.is_same_as(Credential("id", Secret("token"), expires_ns=2))
    assert not one.is_same_as(Credential("id", Secret("other")))
    assert not one.is_same_as(Credential("else", Secret("token")))
    assert not one.is_same_as(None)


def test_a_credential_shows_nothing_of_its_secrets() -> None:
    credential = Credential("id", Secret("canary"), more={"api_secret": Secret("canary")})

    assert "canary" not in f"{credential} {credential!r} {Keyring('kite', credential).current!r}"

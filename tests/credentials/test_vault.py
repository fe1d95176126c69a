"""The vault: what is kept can be read by whoever has the key, in its own place, and by nobody else."""

from __future__ import annotations

import base64
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from config.settings import Settings
from engine.credentials import NoKeyError, SealError, SealingKeys, Vault, entered, new_key, sealing_keys
from engine.credentials.sealing import seal, unseal
from engine.providers.secret import Secret
from engine.storage.memory import MemoryDurableStore
from tests.credentials.tokens import jwt

CANARY = "canary-of-the-vault"
KEY = base64.b64encode(b"x" * 32).decode()
PLACE = ("dhan", "token", "1100012345")


def keys(*texts: str) -> SealingKeys:
    return SealingKeys.parse(",".join(texts or (new_key(),)))


def token(value: str = CANARY, **more: Any) -> Any:
    return entered("dhan", "1100012345", {"token": value}, source="admin", **more)


@given(st.dictionaries(st.text(min_size=1), st.text(), max_size=4))
def test_what_was_sealed_is_opened_again(parts: dict[str, str]) -> None:
    ours = keys()
    opened = unseal(ours, PLACE, seal(ours, PLACE, {name: Secret(value) for name, value in parts.items()}))
    assert {name: value.reveal() for name, value in opened.items()} == parts


@pytest.mark.parametrize(
    "place", [("kite", "token", "1100012345"), ("dhan", "totp", "1100012345"), ("dhan", "token", "2")]
)
def test_a_row_that_is_moved_to_another_place_is_not_opened_there(place: tuple[str, ...]) -> None:
    ours = keys()
    with pytest.raises(SealError, match="another place"):
        unseal(ours, place, seal(ours, PLACE, {"token": Secret(CANARY)}))


def test_a_bit_that_was_changed_is_noticed() -> None:
    ours = keys()
    sealed = seal(ours, PLACE, {"token": Secret(CANARY)})
    changed = bytes([sealed.ciphertext[0] ^ 1]) + sealed.ciphertext[1:]
    with pytest.raises(SealError, match="was changed"):
        unseal(ours, PLACE, msgspec.structs.replace(sealed, ciphertext=changed))


def test_the_same_secret_is_sealed_differently_each_time_and_has_one_fingerprint() -> None:
    ours = keys()
    one, other = (seal(ours, PLACE, {"token": Secret(CANARY)}) for _ in range(2))
    assert one.ciphertext != other.ciphertext
    assert one.fingerprint == other.fingerprint
    assert seal(keys(), PLACE, {"token": Secret(CANARY)}).fingerprint != one.fingerprint


async def test_nothing_that_is_kept_or_shown_holds_the_token() -> None:
    durable, ours = MemoryDurableStore(), keys()
    vault = Vault(durable, ours)
    listed = await vault.keep(token())
    [row] = await durable.credentials()
    [opened] = await vault.opened()
    assert opened.parts["token"].reveal() == CANARY
    for shown in (repr(listed), repr(row), repr(opened), repr(ours), msgspec.json.encode(listed).decode()):
        assert CANARY not in shown
    assert CANARY.encode() not in row.ciphertext


async def test_a_key_is_changed_by_naming_the_old_one_after_the_new_one() -> None:
    durable, old, new = MemoryDurableStore(), new_key(), new_key()
    await Vault(durable, keys(old)).keep(token())
    assert await Vault(durable, keys(new)).opened() == []
    assert len(await Vault(durable, keys(new, old)).opened()) == 1
    [opened] = await Vault(durable, keys(new)).opened()
    assert opened.parts["token"].reveal() == CANARY


async def test_without_a_key_nothing_is_kept_and_a_sentence_says_what_to_do() -> None:
    vault = Vault(MemoryDurableStore(), None)
    with pytest.raises(NoKeyError, match="ticktree credentials key"):
        await vault.keep(token())
    assert await vault.listed() == []
    assert await vault.opened() == []


async def test_a_forgotten_one_can_not_be_opened() -> None:
    vault = Vault(MemoryDurableStore(), keys())
    kept = await vault.keep(token())
    assert await vault.forget(kept.id) is not None
    assert await vault.opened() == []
    assert await vault.forget(kept.id) is None


async def test_a_token_that_says_when_it_ends_is_kept_with_that() -> None:
    vault = Vault(MemoryDurableStore(), keys())
    listed = await vault.keep(token(jwt(exp=1_795_300_000)))
    assert listed.expires_at is not None
    assert listed.expires_at.timestamp() == 1_795_300_000
    [opened] = await vault.opened()
    assert opened.expires_ns == 1_795_300_000 * 10**9


@pytest.mark.parametrize("text", ["", "short", base64.b64encode(b"x" * 31).decode(), f"{KEY},", "ü" * 44])
def test_what_is_no_key_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(NoKeyError) as caught:
        SealingKeys.parse(text)
    assert not text or text not in str(caught.value)


def test_the_key_comes_from_its_own_setting_else_from_the_one_that_signs_sessions() -> None:
    given: dict[str, Any] = {"_env_file": None}
    secret = SecretStr("s" * 40)
    own, derived = (
        Settings(credentials_key=SecretStr(new_key()), secret_key=secret, **given),
        Settings(secret_key=secret, **given),
    )
    ours, theirs = sealing_keys(own), sealing_keys(derived)
    assert ours is not None
    assert theirs is not None
    assert ours.newest[0] != theirs.newest[0]
    assert theirs.newest == (sealing_keys(derived) or theirs).newest
    assert sealing_keys(Settings(secret_key=None, **given)) is None

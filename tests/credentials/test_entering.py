"""Entering credentials: by hand or by file, checked before anybody uses them, and quoted by no complaint."""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyotp.totp import TOTP

from engine.credentials import DropFolder, EntryError, entered, expiry_of
from engine.credentials.codes import code_at
from engine.providers.secret import Secret
from tests.credentials.tokens import jwt

if TYPE_CHECKING:
    from pathlib import Path

    from engine.storage.durable.credentials import Kind

CANARY = "canary-that-was-entered"
SEED = "JBSWY3DPEHPK3PXP"


@pytest.mark.parametrize(
    ("provider", "identity", "parts", "kind", "field"),
    [
        ("dhan", "1", {}, "token", "token"),
        ("dhan", "", {"token": CANARY}, "token", "identity"),
        ("dhan", "1", {"token": f"{CANARY} blank"}, "token", "token"),
        ("dhan", "1", {"token": CANARY * 1_000}, "token", "token"),
        ("dhan", "1", {"seed": SEED}, "totp", "pin"),
        ("dhan", "1", {"seed": f"{CANARY}!", "pin": "1234"}, "totp", "seed"),
        ("kite", "1", {"seed": SEED, "pin": "1234"}, "totp", "kind"),
    ],
)
def test_what_can_be_no_credential_is_refused_by_its_field_and_not_quoted(
    provider: str, identity: str, parts: dict[str, str], kind: Kind, field: str
) -> None:
    with pytest.raises(EntryError) as caught:
        entered(provider, identity, parts, source="admin", kind=kind)
    assert str(caught.value).startswith(f"{field}:")
    assert CANARY not in str(caught.value)


def test_a_provider_whose_token_says_who_asks_needs_no_identity() -> None:
    assert entered("databento", "", {"token": "db-key"}, source="admin").identity == ""


def test_a_token_ends_when_it_says_unless_somebody_knows_better() -> None:
    token = jwt(exp=1_795_300_000, dhanClientId="1")
    assert entered("dhan", "1", {"token": token}, source="admin").expires_ns == 1_795_300_000 * 10**9
    assert entered("dhan", "1", {"token": token}, source="admin", expires_ns=5).expires_ns == 5


def test_kites_token_ends_the_next_time_it_is_six_in_india() -> None:
    noon, next_morning = 1_795_242_600 * 10**9, 1_795_307_400 * 10**9  # 2026-11-21 12:00 and 2026-11-22 06:00 in India

    assert entered("kite", "key", {"token": "opaque"}, source="admin", at_ns=noon).expires_ns == next_morning
    assert entered("dhan", "1", {"token": "opaque"}, source="admin", at_ns=noon).expires_ns is None


@pytest.mark.parametrize(
    "token", ["", "abc", "a.b.c", "a.e30.c", jwt(exp="soon"), jwt(exp=-1), jwt(exp=1e300), jwt(sub=1)]
)
def test_a_token_that_does_not_say_when_it_ends_has_no_end(token: str) -> None:
    assert expiry_of(Secret(token)) is None


@given(st.text())
def test_no_text_is_too_odd_to_be_asked_when_it_ends(text: str) -> None:
    assert expiry_of(Secret(text)) is None or text.count(".") == 2


@given(st.binary(min_size=14, max_size=40), st.integers(0, 2**33))
def test_codes_are_those_that_apps_on_phones_show(key: bytes, at_s: int) -> None:
    seed = base64.b32encode(key).decode().rstrip("=")
    assert code_at(seed, at_s) == TOTP(seed).at(at_s)


def test_codes_are_those_of_the_rfc() -> None:
    seed = base64.b32encode(b"12345678901234567890").decode()
    assert [code_at(seed, at_s) for at_s in (59, 1_111_111_109, 20_000_000_000)] == ["287082", "081804", "353130"]


def write(file: Path, content: bytes, mode: int = 0o600) -> None:
    file.write_bytes(content)
    file.chmod(mode)


def test_a_dropped_token_is_read_when_it_has_changed_and_only_then(tmp_path: Path) -> None:
    folder = DropFolder(tmp_path)
    assert folder.changed({}) == []
    write(tmp_path / "dhan.token", b"first\n")
    [credential] = folder.changed({"dhan": "1100012345"})
    assert (credential.provider, credential.identity, credential.source) == ("dhan", "1100012345", "file")
    assert credential.parts["token"].reveal() == "first"
    assert folder.changed({"dhan": "1100012345"}) == []
    write(tmp_path / "dhan.token", b"second")
    os.utime(tmp_path / "dhan.token", ns=(1, 1))
    [credential] = folder.changed({"dhan": "1100012345"})
    assert credential.parts["token"].reveal() == "second"


def test_a_dropped_object_may_say_who_asks_and_when_it_ends(tmp_path: Path) -> None:
    content = {
        "identity": "apikey",
        "token": "t",
        "more": {"api_secret": "s"},
        "expires_at": "2026-11-22T06:00:00+05:30",
    }
    write(tmp_path / "kite.json", msgspec.json.encode(content))
    [credential] = DropFolder(tmp_path).changed({})
    assert (credential.provider, credential.identity) == ("kite", "apikey")
    assert credential.parts["api_secret"].reveal() == "s"
    assert credential.expires_ns == 1_795_307_400 * 10**9


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("dhan.json", b'{"token": "canary-that-was-entered'),
        ("dhan.json", b'{"token": "canary-that-was-entered", "canary-that-was-entered": 1}'),
        ("dhan.json", b'{"token": "canary-that-was-entered", "identity": "1", "expires_at": "tomorrow"}'),
        ("dhan.token", b"\xffcanary-that-was-entered"),
        ("dhan.token", b"canary-that-was-entered two words"),
        ("dhan.token", b""),
    ],
)
def test_a_file_that_can_not_be_read_is_said_without_a_word_of_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, content: bytes
) -> None:
    write(tmp_path / name, content)
    folder = DropFolder(tmp_path)
    assert folder.changed({"dhan": "1"}) == []
    assert folder.changed({"dhan": "1"}) == []
    said = "".join(capfd.readouterr())
    assert said.count("credential_file_not_read") == 1
    assert CANARY not in said


def test_a_file_that_others_may_read_is_taken_and_complained_about(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "dhan.token", b"token", 0o644)
    assert len(DropFolder(tmp_path).changed({"dhan": "1"})) == 1
    assert "chmod 600" in "".join(capfd.readouterr())

"""Forged tokens, each by one thing that is wrong with it, and all of them refused."""

import base64
import contextlib
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from web.accounts.tokens import ACCESS_S, LEEWAY_S, AccessTokens, TokenError, TokenExpiredError, digest, random_token

KEY = "a-key-for-tests-only-and-long-enough"
OTHER = "another-key-that-is-also-long-enough"
NOW = 1_700_000_000.0
TOKENS = AccessTokens(KEY)
CLAIMS: dict[str, Any] = {
    "iss": "ticktree", "aud": "ticktree", "typ": "access", "sub": "u1", "sid": "s1", "role": "user",
    "iat": NOW, "nbf": NOW, "exp": NOW + ACCESS_S, "jti": "1",
}  # fmt: skip
HEADER = {"alg": "HS256", "typ": "access"}
HASHES: Mapping[str, Callable[..., Any]] = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def forged(
    claims: object = CLAIMS, header: Mapping[str, Any] = HEADER, key: bytes = KEY.encode(), hashed: str = "HS256"
) -> str:
    """A token by hand, signed with whatever the forger has."""
    signed = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims).encode())}"
    return f"{signed}.{b64(hmac.new(key, signed.encode(), HASHES[hashed]).digest())}"


def rs256(private: rsa.RSAPrivateKey, header: Mapping[str, Any]) -> str:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    signed = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(CLAIMS).encode())}"
    return f"{signed}.{b64(private.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC_PEM = RSA.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)  # fmt: skip
OWN_KEY = {"kty": "oct", "k": b64(OTHER.encode())}
GOOD = forged()


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in CLAIMS.items() if key != name}


FORGED: dict[str, str] = {
    "no algorithm": f"{b64(json.dumps({'alg': 'none', 'typ': 'access'}).encode())}.{GOOD.split('.')[1]}.",
    "no algorithm, oddly written": forged(header={**HEADER, "alg": "nOnE"}),
    "no algorithm named": forged(header={"typ": "access"}),
    "no signature": GOOD.rpartition(".")[0] + ".",
    "another's signature": forged(key=OTHER.encode()),
    "an empty key's signature": forged(key=b""),
    "another hash": forged(header={**HEADER, "alg": "HS512"}, hashed="HS512"),
    "another hash, not named": forged(hashed="HS384"),
    "RSA in place of HMAC": rs256(RSA, {**HEADER, "alg": "RS256"}),
    "a public key as the secret": forged(header={**HEADER, "alg": "HS256"}, key=PUBLIC_PEM),
    "RSA's signature called HMAC's": rs256(RSA, HEADER),
    "its own key in jwk": forged(header={**HEADER, "jwk": OWN_KEY}, key=OTHER.encode()),
    "its own key at jku": forged(header={**HEADER, "jku": "https://evil.example/keys"}, key=OTHER.encode()),
    "its own key at x5u": forged(header={**HEADER, "x5u": "https://evil.example/cert"}, key=OTHER.encode()),
    "its own certificate": forged(header={**HEADER, "x5c": ["MIIB"]}, key=OTHER.encode()),
    "a key by name": forged(header={**HEADER, "kid": "../../dev/null"}, key=b""),
    "a critical extension": forged(header={**HEADER, "crit": ["exp"], "exp": 1}),
    "the header says another type": forged(header={**HEADER, "typ": "refresh"}),
    "the header says JWT": forged(header={**HEADER, "typ": "JWT"}),
    "the header says no type": forged(header={"alg": "HS256"}),
    "a refresh token's type": forged({**CLAIMS, "typ": "refresh"}),
    "no type": forged(without("typ")),
    "another audience": forged({**CLAIMS, "aud": "somebody"}),
    "several audiences": forged({**CLAIMS, "aud": ["ticktree"]}),
    "no audience": forged(without("aud")),
    "another issuer": forged({**CLAIMS, "iss": "https://accounts.google.com"}),
    "no issuer": forged(without("iss")),
    "not yet good": forged({**CLAIMS, "nbf": NOW + LEEWAY_S + 1}),
    "made in the future": forged({**CLAIMS, "iat": NOW + 3600}),
    "never expires": forged(without("exp")),
    "expires never, as a word": forged({**CLAIMS, "exp": "never"}),
    "no session": forged(without("sid")),
    "nobody": forged(without("sub")),
    "nobody, as a number": forged({**CLAIMS, "sub": 1}),
    "a role there is not": forged({**CLAIMS, "role": "root"}),
    "roles as a list": forged({**CLAIMS, "role": ["admin"]}),
    "claims that are none": forged(["admin"]),
    "claims that are nothing": forged(None),
    "nothing at all": "..",
    "words": "not.a.token",
    "too long": forged({**CLAIMS, "jti": "x" * 4_000}),
    "unencodable": "\ud800.\ud800.\ud800",
    "a refresh token": random_token(),
}


@pytest.mark.parametrize("what", FORGED)
def test_a_forged_token_is_refused(what: str) -> None:
    with pytest.raises(TokenError) as refused:
        TOKENS.principal(FORGED[what], NOW)
    assert FORGED[what] not in f"{refused.value!r}"


def test_what_the_forgeries_are_made_from_is_good() -> None:
    assert TOKENS.principal(GOOD, NOW).subject == "u1"
    assert TOKENS.principal(TOKENS.issue("u1", "s1", "user", NOW), NOW).session == "s1"


@pytest.mark.parametrize("header", [{"jku": "https://evil.example"}, {"jwk": OWN_KEY}, {"x5u": "https://evil.example"}])
def test_a_word_about_keys_changes_nothing_for_one_who_has_ours(header: dict[str, Any]) -> None:
    """Whether it is refused or read with our key: no other key is looked at."""
    with contextlib.suppress(TokenError):
        assert TOKENS.principal(forged(header={**HEADER, **header}), NOW).subject == "u1"


@pytest.mark.parametrize("late_s", [0.0, 1.0, 1e9])
def test_a_token_is_good_up_to_its_end_and_not_at_it(late_s: float) -> None:
    assert TOKENS.principal(GOOD, NOW + ACCESS_S - 0.1).subject == "u1"
    with pytest.raises(TokenExpiredError):
        TOKENS.principal(GOOD, NOW + ACCESS_S + late_s)


@given(st.integers(0, len(GOOD) - 1), st.characters(codec="ascii"))
def test_a_token_with_another_character_is_another(place: int, character: str) -> None:
    changed = GOOD[:place] + character + GOOD[place + 1 :]
    if changed == GOOD or _same_bits(changed):
        return
    with pytest.raises(TokenError):
        TOKENS.principal(changed, NOW)


def _same_bits(token: str) -> bool:
    """The last character of a base64 text has bits that say nothing."""
    decoded = [part + "=" * (-len(part) % 4) for part in GOOD.split(".")]
    try:
        parts = [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in token.split(".")]
    except ValueError:
        return False
    return parts == [base64.urlsafe_b64decode(part) for part in decoded]


@given(st.text())
def test_no_text_makes_reading_fail_otherwise(text: str) -> None:
    with pytest.raises(TokenError):
        TOKENS.principal(text, NOW)


def test_random_tokens_are_long_and_their_digests_tell_nothing() -> None:
    tokens = {random_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) == 43 and digest(token) != token for token in tokens)
    assert KEY not in repr(TOKENS.__dict__)

"""Sealing: secrets to bytes that only the key opens, and only in the place they were sealed for."""

import hmac
import secrets
from collections.abc import Mapping
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.credentials.keys import SealingKeys
from engine.providers.secret import Secret

_NONCE_BYTES: Final = 12
_PURPOSE: Final = "ticktree credential v1"


class SealError(Exception):
    """A credential can not be opened."""


class Sealed(msgspec.Struct, frozen=True):
    """What is kept of secrets."""

    ciphertext: bytes
    nonce: bytes
    key_id: str
    fingerprint: str

    def __repr__(self) -> str:
        return f"Sealed({self.fingerprint})"


def seal(keys: SealingKeys, place: tuple[str, ...], parts: Mapping[str, Secret]) -> Sealed:
    """Seals the parts with the newest key. ``place`` says whose they are: elsewhere they can not be opened."""
    key_id, key = keys.newest
    plain = msgspec.json.encode({name: parts[name].reveal() for name in sorted(parts)})
    nonce = secrets.token_bytes(_NONCE_BYTES)
    # by the key: of a PIN's own digest everybody could guess the PIN
    fingerprint = hmac.digest(key, plain, "sha256").hex()[:12]
    return Sealed(AESGCM(key).encrypt(nonce, plain, _context(place)), nonce, key_id, fingerprint)


def unseal(keys: SealingKeys, place: tuple[str, ...], sealed: Sealed) -> dict[str, Secret]:
    """The parts. Raises ``SealError``."""
    key = keys.find(sealed.key_id)
    if key is None:
        raise SealError(f"it was sealed with the key {sealed.key_id}, which TICKTREE_CREDENTIALS_KEY does not have")
    try:
        plain = AESGCM(key).decrypt(sealed.nonce, sealed.ciphertext, _context(place))
    except (InvalidTag, ValueError):
        raise SealError("it was changed, or belongs to another place") from None
    return {name: Secret(value) for name, value in msgspec.json.decode(plain, type=dict[str, str]).items()}


def _context(place: tuple[str, ...]) -> bytes:
    return msgspec.json.encode([_PURPOSE, *place])

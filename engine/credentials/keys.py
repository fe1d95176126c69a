"""The keys that credentials are sealed with: from the environment, never from the database that holds what they seal."""

import base64
import binascii
import secrets
from hashlib import sha256
from typing import Final, Self

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from config.errors import SettingsError
from config.settings import Settings

KEY_BYTES: Final = 32
_PURPOSE: Final = b"ticktree credentials v1"
_SENTENCE: Final = (
    "TICKTREE_CREDENTIALS_KEY: expected keys of 32 bytes in base64, separated by commas, the newest first; "
    "`ticktree credentials key` makes one."
)


class NoKeyError(SettingsError):
    """There is nothing to seal credentials with, or it is no key."""


class SealingKeys:
    """The newest key seals; it and the older ones open."""

    def __init__(self, keys: tuple[bytes, ...]) -> None:
        self._keys = {_id_of(key): key for key in keys}

    @classmethod
    def parse(cls, text: str) -> Self:
        """Keys in base64, separated by commas; raises ``NoKeyError``."""
        return cls(tuple(_parsed(part.strip()) for part in text.split(",")))

    @classmethod
    def derived(cls, secret: str) -> Self:
        """One made of another secret, of no use for what that is for."""
        return cls((HKDF(SHA256(), KEY_BYTES, salt=None, info=_PURPOSE).derive(secret.encode()),))

    @property
    def newest(self) -> tuple[str, bytes]:
        """The key that seals, with its name."""
        return next(iter(self._keys.items()))

    def find(self, key_id: str) -> bytes | None:
        """The key of that name."""
        return self._keys.get(key_id)

    def __repr__(self) -> str:
        return f"SealingKeys({', '.join(self._keys)})"


def sealing_keys(settings: Settings) -> SealingKeys | None:
    """Those of the settings; ``None`` where there are none, and nothing can be kept. Raises ``NoKeyError`` for bad ones."""
    if settings.credentials_key is not None:
        return SealingKeys.parse(settings.credentials_key.get_secret_value())
    if settings.secret_key is not None:
        return SealingKeys.derived(settings.secret_key.get_secret_value())
    return None


def new_key() -> str:
    """Another key, in base64."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _parsed(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoKeyError(_SENTENCE) from None  # the cause would quote it
    if len(key) != KEY_BYTES:
        raise NoKeyError(_SENTENCE)
    return key


def _id_of(key: bytes) -> str:
    """A name that tells keys apart and nothing of them."""
    return sha256(_PURPOSE + key).hexdigest()[:8]

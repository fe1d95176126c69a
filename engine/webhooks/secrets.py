"""The secrets of webhooks: made here, shown once, and kept sealed."""

import secrets
from typing import Final

import msgspec

from engine.credentials import NoKeyError, SealingKeys
from engine.credentials.sealing import Sealed, seal, unseal
from engine.providers.secret import Secret
from engine.storage.durable.alerts import SealedSecret

PREFIX: Final = "whsec_"
_PART: Final = "secret"
_NO_KEY: Final = (
    "webhooks need a key that their secrets are sealed with: set TICKTREE_CREDENTIALS_KEY (`ticktree credentials key` makes "
    "one) or TICKTREE_SECRET_KEY, the same for all processes"
)


class WebhookSecrets:
    """Without keys there are none."""

    def __init__(self, keys: SealingKeys | None) -> None:
        self._keys = keys

    def make(self, owner: str) -> tuple[str, SealedSecret]:
        """Another one of 256 random bits, as it is shown once and as it is kept. Raises NoKeyError."""
        if self._keys is None:
            raise NoKeyError(_NO_KEY)
        text = f"{PREFIX}{secrets.token_urlsafe(32)}"
        sealed = seal(self._keys, _place(owner), {_PART: Secret(text)})
        return text, msgspec.convert(sealed, SealedSecret, from_attributes=True)

    def open(self, owner: str, kept: SealedSecret) -> Secret:
        """The secret of an owner's webhook. Raises NoKeyError, or SealError."""
        if self._keys is None:
            raise NoKeyError(_NO_KEY)
        return unseal(self._keys, _place(owner), msgspec.convert(kept, Sealed, from_attributes=True))[_PART]


def _place(owner: str) -> tuple[str, ...]:
    return "webhook", owner

"""When a token ends, by its own word: a JWT says so in its middle part, which is no secret and is not believed for more."""

import base64
import binascii
from typing import Final

import msgspec

from engine.providers.secret import Secret

NS_PER_S: Final = 1_000_000_000
_LATEST_S: Final = 4_102_444_800
"""2100-01-01: what claims to last longer does not know."""


class _Claims(msgspec.Struct):
    exp: float | None = None


def expiry_of(token: Secret) -> int | None:
    """In ns, UTC; ``None`` for a token that does not say. Its signature is its maker's business: this is only a reminder."""
    parts = token.reveal().split(".")
    if len(parts) != 3:
        return None
    try:
        claims = msgspec.json.decode(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)), type=_Claims)
    except (binascii.Error, ValueError):
        return None
    if claims.exp is None or not 0 < claims.exp < _LATEST_S:
        return None
    return int(claims.exp * NS_PER_S)

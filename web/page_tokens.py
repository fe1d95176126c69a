"""Page tokens: where a list goes on, in letters that mean nothing to who sends them back.

A token holds the key of the last row that was shown, so that pages join without a hole and without a repeat, also when
rows come in between. It is no secret and is not signed: what it says is read as distrustfully as any other argument.
"""

import base64
import binascii
from collections.abc import Sequence

import msgspec

from web.errors import ApiError

Key = tuple[str | int, ...]
"""What a list is sorted by; unique in it."""

_LONGEST = 1_000


def encode_page(of: str, key: Sequence[str | int] | None) -> str | None:
    """The token of the page after this key, of the list of that name; ``None`` where nothing comes after it."""
    if key is None:
        return None
    return base64.urlsafe_b64encode(msgspec.msgpack.encode([of, *key])).rstrip(b"=").decode()


def decode_page(of: str, token: str | None, kinds: Sequence[type[str] | type[int]]) -> Key | None:
    """The key in a token of the list of that name; ``None`` for the first page. An ApiError (400) for all else.

    ``kinds`` are the types of the key's parts.
    """
    if not token:
        return None
    written = _unpacked(token)
    if written is None or written[0] != of or [type(part) for part in written[1:]] != list(kinds):
        raise ApiError(
            400, "page_token is none of this list's", errors=["page_token: take next_page_token as it was given"]
        )
    return tuple(written[1:])


def _unpacked(token: str) -> list[str | int] | None:
    """The list in it, if there is one, and nothing that a database would choke on."""
    if len(token) > _LONGEST or not token.isascii():
        return None
    try:
        packed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        parts = msgspec.msgpack.decode(packed, type=list[str | int])
    except (binascii.Error, msgspec.MsgspecError, RecursionError):
        return None
    return parts if parts and all(map(_is_harmless, parts)) else None


def _is_harmless(part: str | int) -> bool:
    return part.isprintable() if isinstance(part, str) else abs(part) < 2**31

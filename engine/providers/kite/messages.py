"""What Kite's ticker tells in words, between its packets."""

from collections.abc import Mapping
from typing import Any, Final, cast

import msgspec

KINDS: Final = frozenset(("order", "error", "message"))
"""Those worth telling. Kite also says how many instruments there are, and what its own application is to do."""


class _Message(msgspec.Struct):
    type: str
    data: Any = None


def read_message(text: str | bytes) -> tuple[str, Mapping[str, Any]] | None:
    """A message's kind and what it says, a mere text as ``{"message": …}``. Raises ``ValueError`` for what is none."""
    try:
        message = msgspec.json.decode(text, type=_Message)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"no message of Kite's ticker: {error}") from error
    if message.type not in KINDS:
        return None
    data = message.data
    return message.type, cast("dict[str, Any]", data) if isinstance(data, dict) else {"message": data}

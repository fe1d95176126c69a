"""The gateway's door: a greeting, a challenge, and who knows the key comes in."""

from collections.abc import Mapping
from hashlib import sha256
from secrets import token_hex
from typing import Final

import trio

_LONGEST_LINE: Final = 65_536
_RECEIVE_BYTES: Final = 65_536


class Lines:
    """The lines a client sends."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._rest = b""

    async def next(self) -> Mapping[str, str] | None:
        """The next line's fields; None when the client has hung up, or sends no lines."""
        while b"\n" not in self._rest:
            data = await self._stream.receive_some(_RECEIVE_BYTES)
            if not data or len(self._rest) > _LONGEST_LINE:
                return None
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        parts = (part.partition("=") for part in line.decode("utf-8", "replace").split("|"))
        return {name: value for name, _, value in parts}


class Login:
    """One client's way in."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._challenge = token_hex(16)

    @property
    def greeting(self) -> bytes:
        return f"lsg_version=0.6.0\ncram={self._challenge}\n".encode()

    def fits(self, told: Mapping[str, str]) -> bool:
        """Whether the answer proves that the key is known."""
        proof = sha256(f"{self._challenge}|{self._key}".encode()).hexdigest()
        return told.get("auth") == f"{proof}-{self._key[-5:]}"


def accepted() -> bytes:
    return b"success=1|session_id=1\n"


def refused(reason: str) -> bytes:
    return f"success=0|error={reason}\n".encode()

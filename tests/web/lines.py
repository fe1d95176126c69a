"""A client's line in memory, and the frames read back from it."""

import json
from typing import Any

from web.hub import Outbox
from web.protocol import JSON, Conversation, Encoding


class MemoryLine:
    """Takes what is written; ``congested`` is set by hand."""

    def __init__(self) -> None:
        self.congested = False
        self.rounds = 0
        self.written = b""
        self.closed_with: tuple[int, str] | None = None

    def offer(self, frames: bytes) -> bool:
        if not self.congested:
            self.write(frames)
        return not self.congested

    def write(self, frames: bytes) -> None:
        self.written += frames

    def listen(self) -> int:
        return self.rounds

    def close(self, code: int, reason: str) -> None:
        self.closed_with = (code, reason)

    def frames(self) -> list[bytes]:
        """The payloads of all frames since the last call."""
        data, self.written = self.written, b""
        payloads: list[bytes] = []
        while data:
            length, start = data[1], 2
            if length == 126:
                length, start = int.from_bytes(data[2:4], "big"), 4
            elif length == 127:
                length, start = int.from_bytes(data[2:10], "big"), 10
            payloads.append(data[start : start + length])
            data = data[start + length :]
        return payloads

    def messages(self) -> list[Any]:
        """The JSON objects since the last call, arrays taken apart."""
        decoded = [json.loads(payload) for payload in self.frames()]
        return [one for value in decoded for one in (value if isinstance(value, list) else [value])]


def client(*, simple: bool = False, encoding: Encoding = JSON) -> tuple[Outbox, MemoryLine]:
    """An outbox whose client has chosen a dialect."""
    line = MemoryLine()
    conversation = Conversation(encoding, authenticated=True)
    if encoding is JSON:
        conversation.receive('{"message_type": "ping"}' if simple else '{"action": "ping"}')
    return Outbox(line, conversation), line

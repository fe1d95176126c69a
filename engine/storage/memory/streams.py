"""The streams: entries in the order of their ids, as Redis keeps them."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from typing import Any

from engine.storage.hot.link import Value
from engine.storage.memory.commands import Handler, encoded
from engine.storage.memory.keyspace import Keyspace

Identity = tuple[int, int]
Entry = tuple[bytes, list[bytes]]

_MS_NS = 1_000_000
_ENDS: Mapping[Value, Identity] = {"-": (0, 0), "+": (2**64, 0)}


class Stream:
    """Entries of one field each, and how many there ever were."""

    def __init__(self) -> None:
        self.identities: list[Identity] = []
        self.data: list[bytes] = []
        self.added = 0
        self.last: Identity = (0, 0)

    def add(self, identity: Identity, data: bytes, longest: int) -> None:
        """Appends; trims only now and then, as ``MAXLEN ~`` does."""
        self.identities.append(identity)
        self.data.append(data)
        self.added += 1
        self.last = identity
        if len(self.data) > longest + longest // 8:
            self.trim(longest)

    def trim(self, longest: int) -> int:
        """Forgets the oldest; answers how many."""
        surplus = max(0, len(self.data) - longest)
        del self.identities[:surplus], self.data[:surplus]
        return surplus

    def part(self, first: int, last: int) -> list[Entry]:
        """The entries of those places."""
        return [
            (written(identity), [b"data", data])
            for identity, data in zip(self.identities[first:last], self.data[first:last], strict=True)
        ]


class StreamCommands:
    """Answers the commands that concern streams."""

    def __init__(self, space: Keyspace) -> None:
        self._space = space

    def handlers(self) -> Mapping[str, Handler]:
        """Who answers which command."""
        return {
            "XADD": self.add,
            "XLEN": self.count,
            "XTRIM": self.trim,
            "XRANGE": self.range,
            "XREVRANGE": self.range_backwards,
            "XREAD": self.read,
        }

    def stream(self, name: str) -> Stream:
        return self._space.find(name, Stream) or Stream()

    def add(self, name: str, *arguments: Value) -> bytes:
        """``XADD name MAXLEN ~ longest id field value``; the id may be ``*``."""
        _, _, longest, identity, _, data = arguments
        stream = self._space.opened(name, Stream)
        stream.add(self._next(stream) if identity == "*" else parsed(identity), encoded(data), int(longest))
        return written(stream.last)

    def _next(self, stream: Stream) -> Identity:
        now_ms = self._space.now_ns() // _MS_NS
        newest_ms, number = stream.last
        return (now_ms, 0) if now_ms > newest_ms else (newest_ms, number + 1)

    def count(self, name: str) -> int:
        return len(self.stream(name).data)

    def trim(self, name: str, _: Value, longest: int) -> int:
        return self.stream(name).trim(longest)

    def range(self, name: str, first: Value, last: Value, *count: Value) -> list[Entry]:
        stream = self.stream(name)
        start, end = bisect_left(stream.identities, parsed(first)), bisect_right(stream.identities, parsed(last))
        return stream.part(start, min(end, start + int(count[1])) if count else end)

    def range_backwards(self, name: str, last: Value, first: Value, *count: Value) -> list[Entry]:
        return self.range(name, first, last)[::-1][: int(count[1]) if count else None]

    def read(self, *arguments: Value) -> list[Any]:
        """``XREAD COUNT n [BLOCK ms] STREAMS name after``, without the waiting, which is the link's."""
        name, after = str(arguments[-2]), parsed(arguments[-1])
        stream = self.stream(name)
        start = bisect_right(stream.identities, after)
        found = stream.part(start, start + int(arguments[1]))
        return [[name.encode(), found]] if found else []


def parsed(text: Value) -> Identity:
    """``milliseconds-sequence`` as numbers; ``-`` and ``+`` are the ends of all streams."""
    if text in _ENDS:
        return _ENDS[text]
    milliseconds, _, sequence = encoded(text).decode().partition("-")
    return int(milliseconds), int(sequence or 0)


def written(identity: Identity) -> bytes:
    """An id as Redis writes it."""
    return "{}-{}".format(*identity).encode()

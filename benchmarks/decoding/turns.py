"""A process that decodes the same messages whenever it is told to. Nothing here is of any package but Python's own."""

import json
import struct
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

_LENGTH = struct.Struct("<I")


def write_messages(path: Path, messages: Iterable[bytes]) -> None:
    """Keeps messages in a file, each behind its length."""
    path.write_bytes(b"".join(_LENGTH.pack(len(message)) + message for message in messages))


def read_messages(path: Path) -> list[bytes]:
    return list(_messages(path.read_bytes()))


def _messages(data: bytes) -> Iterator[bytes]:
    offset = 0
    while offset < len(data):
        (length,) = _LENGTH.unpack_from(data, offset)
        offset += _LENGTH.size
        yield data[offset : offset + length]
        offset += length


def take_turns(decode: Callable[[bytes], int]) -> None:
    """Says READY, and answers each line with what a turn over all messages of the file took.

    ``decode`` takes one message and tells how many prices it found in it.
    """
    messages = read_messages(Path(sys.argv[-1]))
    print("READY", flush=True)
    for _ in sys.stdin:
        began_s = time.process_time()
        found = sum(map(decode, messages))
        print(json.dumps({"cpu_s": time.process_time() - began_s, "found": found}), flush=True)

"""msgpack with types: the form of every binary that leaves a process."""

from collections.abc import Mapping
from typing import Any, cast

import msgpack  # pyright: ignore[reportMissingTypeStubs]

_pack: Any = msgpack.Packer().pack  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


def pack(value: Any) -> bytes:
    """A plain value (mappings, sequences, text, numbers, None) as msgpack. One thread only."""
    return _pack(value)


def pack_map(values: Mapping[str, Any]) -> bytes:
    """A mapping as msgpack, whatever kind of mapping it is."""
    return _pack(dict(values))


def unpack(packed: bytes) -> Any:
    """What a msgpack value holds; arrays become lists."""
    return cast("Any", msgpack.unpackb(packed))  # pyright: ignore[reportUnknownMemberType]


def unpack_map(packed: bytes) -> dict[str, Any]:
    """What a msgpack map holds."""
    return cast("dict[str, Any]", unpack(packed))

"""The head of a DBN stream: which numbers the symbols of a file of history go by. Without I/O."""

from collections.abc import Iterator
from struct import Struct, error
from typing import Final

_COUNT: Final = Struct("<I")
_CSTR_LENGTH: Final = Struct("<53xH")
_FIRST_CSTR_LENGTH: Final = 22
_FIXED: Final = 108
_DATES: Final = 8


def symbol_numbers(metadata: bytes) -> dict[str, tuple[int, ...]]:
    """The numbers of each symbol, one after another as it changed them; as far as they can be read.

    A live stream has none: there the gateway sends mappings. The vendor's package panics at damaged ones.
    """
    numbers: dict[str, tuple[int, ...]] = {}
    try:
        for symbol, known_as in _mappings(metadata):
            numbers[symbol] = tuple(int(name) for name in known_as if name.isdecimal())
    except (error, UnicodeDecodeError):
        pass
    return numbers


def _mappings(metadata: bytes) -> Iterator[tuple[str, list[str]]]:
    (length,) = (_FIRST_CSTR_LENGTH,) if metadata[3] == 1 else _CSTR_LENGTH.unpack_from(metadata)
    at = _FIXED
    (schema_length,) = _COUNT.unpack_from(metadata, at)
    at += _COUNT.size + schema_length
    for _ in range(3):  # the symbols asked for, those found for a part of the time, and those not found
        (count,) = _COUNT.unpack_from(metadata, at)
        at += _COUNT.size + count * length
    (count,) = _COUNT.unpack_from(metadata, at)
    at += _COUNT.size
    for _ in range(count):
        symbol, (intervals,) = _text(metadata, at, length), _COUNT.unpack_from(metadata, at + length)
        at += length + _COUNT.size
        step = _DATES + length
        yield symbol, [_text(metadata, place + _DATES, length) for place in range(at, at + intervals * step, step)]
        at += intervals * step


def _text(data: bytes, at: int, length: int) -> str:
    if at + length > len(data):
        raise error("it ends within a text")
    return data[at : at + length].partition(b"\0")[0].decode()

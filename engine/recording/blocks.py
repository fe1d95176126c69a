"""The file format, without files: bytes of records in blocks that are compressed and checked one by one.

A file is the magic, the version, then blocks; numbers are little-endian::

    magic     8 bytes   89 54 54 52 45 43 0D 0A   (a copy in text mode, or through seven bits, does not pass)
    version   2 bytes   1
    block     48 bytes of header, then the stored bytes
      marker     4   "TTB1"
      number     4   of the block in its file, from 0
      stored     4   bytes that follow the header
      raw        4   bytes that they unpack to
      records    4   how many
      first_ns   8   time of the first record
      last_ns    8   of the last
      checksum   4   CRC-32 of the stored bytes
      header     4   CRC-32 of the 44 bytes before: lengths are believed only when it fits
    stored    zlib-compressed msgpack, see ``engine.recording.records``

zlib, because it comes with Python: no package more on the path of live data. Its fastest level packs feeds five to ten
times smaller at some 100 MB/s. A block that is damaged costs its own records and no others.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from engine.recording.errors import NotRecordedError
from engine.recording.records import Record, decode_records, encode_records, time_of

MAGIC = b"\x89TTREC\r\n"
VERSION = 1
START = MAGIC + VERSION.to_bytes(2, "little")
LONGEST = 64 * 2**20
"""Bytes of a block, packed or not; a header that says more is not believed."""

_MARKER = b"TTB1"
_HEADER = struct.Struct("<4sIIIIqqI")
_CHECK = struct.Struct("<I")
HEADER_SIZE = _HEADER.size + _CHECK.size
_FASTEST = 1


class Damage(NamedTuple):
    """A part of a file that could not be read, and was skipped."""

    offset: int
    """Where it begins in the file."""
    length: int
    what: str
    """A sentence for who looks at the file."""


class Header(NamedTuple):
    """What a block says of itself before it is unpacked."""

    number: int
    stored: int
    raw: int
    records: int
    first_ns: int
    last_ns: int
    checksum: int


def pack_block(number: int, records: Sequence[Record]) -> bytes:
    """A block of at least one record."""
    raw = encode_records(list(records))
    stored = zlib.compress(raw, _FASTEST)
    times = [time_of(record) for record in records]
    header = _HEADER.pack(
        _MARKER, number, len(stored), len(raw), len(records), min(times), max(times), zlib.crc32(stored)
    )
    return header + _CHECK.pack(zlib.crc32(header)) + stored


class BlockReader:
    """Takes a file's bytes in portions of any size and gives its records, and a ``Damage`` for whatever it skips."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._offset = 0
        """Where in the file the buffer begins."""
        self._started = False
        self._next = 0
        self._skipped = 0
        """Bytes before the buffer that belong to no block."""

    def feed(self, data: bytes) -> Iterator[list[Record] | Damage]:
        """What is complete by now, a block's records at a time; raises ``NotRecordedError`` for another kind of file."""
        self._buffer += data
        if not self._started:
            if len(self._buffer) < len(START):
                return
            _check_start(bytes(self._buffer[: len(START)]))
            self._started = True
            self._drop(len(START))
        while (found := self._next_block()) is not None:
            yield from found

    def finish(self) -> Iterator[Damage]:
        """What the file's end leaves over."""
        if not self._started:
            raise NotRecordedError("It is empty or too short.")
        if self._skipped or self._buffer:
            length = self._skipped + len(self._buffer)
            yield Damage(
                self._offset - self._skipped,
                length,
                f"the last {length} bytes are no whole block: the writer was cut off",
            )

    def _next_block(self) -> list[list[Record] | Damage] | None:
        """The next block, or what is wrong with it; ``None`` when more bytes are needed."""
        if len(self._buffer) < HEADER_SIZE:
            return None
        header = _header(self._buffer)
        if header is None:
            return self._search()
        if len(self._buffer) < HEADER_SIZE + header.stored:
            return None
        return [*self._confess(header.number), self._unpack(header)]

    def _search(self) -> list[list[Record] | Damage] | None:
        """Goes on to what may be the next block."""
        place = self._buffer.find(_MARKER, 1)
        found = place >= 0
        passed = place if found else len(self._buffer) - len(_MARKER) + 1
        self._drop(passed)
        self._skipped += passed
        return [] if found else None

    def _confess(self, number: int) -> list[list[Record] | Damage]:
        """Tells of what lay between the last block and this one."""
        told: list[list[Record] | Damage] = []
        if self._skipped or number != self._next:
            lost = f"blocks {self._next} to {number - 1}" if number > self._next + 1 else f"block {self._next}"
            told.append(Damage(self._offset - self._skipped, self._skipped, f"{lost} can not be recognized"))
        self._skipped = 0
        self._next = number + 1
        return told

    def _unpack(self, header: Header) -> list[Record] | Damage:
        end = HEADER_SIZE + header.stored
        stored = bytes(self._buffer[HEADER_SIZE:end])
        offset = self._offset
        self._drop(end)
        try:
            return _records(header, stored)
        except (ValueError, zlib.error, msgspec.DecodeError) as error:
            return Damage(offset, end, f"block {header.number} with {header.records} records is damaged ({error})")

    def _drop(self, count: int) -> None:
        del self._buffer[:count]
        self._offset += count


def _check_start(start: bytes) -> None:
    if not start.startswith(MAGIC):
        raise NotRecordedError("It does not begin as one.")
    version = int.from_bytes(start[len(MAGIC) :], "little")
    if version != VERSION:
        raise NotRecordedError(f"Expected version {VERSION}, was {version}: a newer ticktree may have written it.")


def _header(buffer: bytearray) -> Header | None:
    """The header that the buffer begins with; ``None`` when it is none, or damaged."""
    packed = bytes(buffer[: _HEADER.size])
    marker, *fields = _HEADER.unpack(packed)
    header = Header(*fields)
    (checksum,) = _CHECK.unpack_from(buffer, _HEADER.size)
    whole = marker == _MARKER and checksum == zlib.crc32(packed)
    return header if whole and max(header.stored, header.raw) <= LONGEST else None


def _records(header: Header, stored: bytes) -> list[Record]:
    if zlib.crc32(stored) != header.checksum:
        raise ValueError("its checksum does not fit")
    records = decode_records(zlib.decompress(stored))
    if len(records) != header.records:
        raise ValueError(f"it holds {len(records)}")
    return records

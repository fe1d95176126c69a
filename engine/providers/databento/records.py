"""DBN, Databento's binary encoding: where its records begin and end, and where the common ones keep what. Without I/O."""

from collections.abc import Iterator
from struct import Struct
from typing import Final, NamedTuple

TRADE_KIND: Final = 0
QUOTE_KIND: Final = 1
"""A change of the best bid or ask (mbp-1), or a trade with both of them (tbbo)."""
BAR_KINDS: Final = {32: "1s", 33: "1m", 34: "1h", 35: "1d"}
ERROR_KIND: Final = 21
MAPPING_KIND: Final = 22
SYSTEM_KIND: Final = 23
CONTROL_KINDS: Final = frozenset({ERROR_KIND, MAPPING_KIND, SYSTEM_KIND})
"""What says something else than prices."""

# Bytes nobody reads here are passed over: of the header only the instrument and the time of the event are.
TRADE: Final = Struct("<4xIQqIc19x")
"""Instrument id, time (ns), price, size, action."""
QUOTE: Final = Struct("<4xIQqIc19xqq16x")
"""The same, then bid and ask."""
BAR: Final = Struct("<4xIQqqqqQ")
"""Instrument id, opening time (ns), open, high, low, close, volume."""

UNDEFINED_PRICE: Final = 2**63 - 1
PRICE_SCALE: Final = 1e9
PRICE_LIMIT: Final = 10**18
"""In billionths; what is not between nothing and this is none, the undefined price among others."""
NEWEST_VERSION: Final = 3
"""Of the encoding; a later one may lay its records out in another way."""

_HEADER_SIZE: Final = 16
_WORD: Final = 4
_MAGIC: Final = b"DBN"
_BEGINNINGS: Final = (b"DBN\x01", b"DBN\x02", b"DBN\x03")
_PREFIX: Final = Struct("<3sBI")
_LARGEST_METADATA: Final = 4 * 2**20
_LOOK_AHEAD: Final = 64
"""Records; where kinds alternate, each look costs its length."""


class Run(NamedTuple):
    """Records of one kind and size in a row: nearly always, all of a piece are."""

    kind: int
    size: int
    """Bytes of each."""
    start: int
    stop: int
    """Where in the data the first begins, and the last ends."""


class Piece(NamedTuple):
    """What a piece of the stream completed."""

    data: bytes
    runs: list[Run]

    @property
    def records(self) -> bytes:
        """All whole records, one after another."""
        return self.data[self.runs[0].start : self.runs[-1].stop] if self.runs else b""


def begins_stream(data: bytes) -> bool:
    """Whether a piece is the first of a stream: no record begins like that."""
    return data.startswith(_BEGINNINGS)


class Framing:
    """Cuts the stream of one connection into records, wherever its pieces end. Never raises, whatever comes."""

    def __init__(self) -> None:
        self.metadata = b""
        """With its prefix, as soon as all of it has come: it is the first thing in a stream."""
        self.broken: str | None = None
        """Why nothing that comes can be read any more; a new connection is needed then."""
        self._rest = b""

    @property
    def version(self) -> int:
        """Of the encoding; 0 while the metadata has not come."""
        return self.metadata[len(_MAGIC)] if self.metadata else 0

    @property
    def pending(self) -> bool:
        """Whether a record has come in part."""
        return bool(self._rest)

    def push(self, data: bytes) -> Piece:
        """Take the next piece of the stream, and tell what is whole now."""
        data = self._rest + data if self._rest else data
        start = self._metadata_end(data)
        runs = [] if start is None else list(self._runs(data, start))
        stop = runs[-1].stop if runs else start or 0
        self._rest = b"" if self.broken else data[stop:]
        return Piece(data, runs)

    def _metadata_end(self, data: bytes) -> int | None:
        """Where in the data the records begin; ``None`` when nothing of it can be read, or not yet."""
        if self.broken:
            return None
        if self.metadata:
            return 0
        if len(data) < _PREFIX.size:
            return None
        magic, version, length = _PREFIX.unpack_from(data)
        if magic != _MAGIC or not 1 <= version <= NEWEST_VERSION:
            self.broken = "this is no DBN" if magic != _MAGIC else f"this is version {version} of DBN"
        elif length > _LARGEST_METADATA:
            self.broken = f"its metadata claims {length:,} bytes"
        elif len(data) >= (end := _PREFIX.size + length):
            self.metadata = data[:end]
            return end
        return None

    def _runs(self, data: bytes, at: int) -> Iterator[Run]:
        end = len(data)
        while end - at >= _HEADER_SIZE:
            size = data[at] * _WORD
            if size < _HEADER_SIZE:
                self.broken = f"a record claims {size} bytes"
                return
            count = min((end - at) // size, _LOOK_AHEAD)
            if not count:
                return
            stop = at + count * size
            if count > 1:
                stop = at + size * min(_repeats(data[at:stop:size]), _repeats(data[at + 1 : stop : size]))
            yield Run(data[at + 1], size, at, stop)
            at = stop


def _repeats(values: bytes) -> int:
    """How many times the first value stands at the beginning."""
    return len(values) - len(values.lstrip(values[:1]))

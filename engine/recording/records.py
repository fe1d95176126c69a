"""The records: everything from outside that decides what an engine makes of a day, in the order in which it came.

Frames alone would not do: gaps come from connections that were lost, heals from what the provider's history answered, and
which instrument a packet concerns from the maps that the engine started with.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from engine.market.candle import Candle
from engine.market.instrument import Instrument
from engine.market.quote import Quote
from engine.storage.durable.rows import Exchange, ProviderMapping


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The base of all records; times are ns UTC by the engine's clock."""


class Session(Entry, frozen=True, array_like=True, tag=1):
    """What an engine started with. Every file begins with one, so that each can be replayed alone."""

    started_ns: int
    """When the engine's clock was first looked at; files of one run agree on it."""
    part: int
    """The number of the file within its run, from 1."""
    at_ns: int
    """When the file was begun."""
    software: str
    """``ticktree`` and its version."""
    providers: tuple[str, ...]
    exchanges: tuple[Exchange, ...]
    instruments: tuple[Instrument, ...]
    mappings: tuple[ProviderMapping, ...]
    states: Mapping[str, Mapping[str, Any]] = {}
    """What the actors of instruments resumed from, by instrument."""
    seen: Mapping[str, int] = {}
    """Until when nothing of each provider was missed, where it ran before."""
    speed: float = 1.0
    """How many times faster than real the engine's clock went: its pauses are in real seconds."""


class Frame(Entry, frozen=True, array_like=True, tag=2):
    """Bytes as they came out of a provider's socket."""

    provider: str
    connection: int
    ts_recv: int
    data: bytes


class Opened(Entry, frozen=True, array_like=True, tag=3):
    """A connection is open, and its routes are subscribed."""

    provider: str
    connection: int
    at_ns: int


class Lost(Entry, frozen=True, array_like=True, tag=4):
    """A connection ended, or could not be opened; with what the provider's error said."""

    provider: str
    connection: int
    at_ns: int
    detail: str
    advice: str
    wait_s: float | None = None
    code: str | None = None


class Answer(Entry, frozen=True, array_like=True, tag=5):
    """What a provider's history said when it was asked for candles, or why it said nothing."""

    provider: str
    instrument: str
    timeframe: str
    start_ns: int
    end_ns: int
    asked_ns: int
    answered_ns: int
    candles: tuple[Candle, ...] = ()
    failure: Lost | None = None


class Quoted(Entry, frozen=True, array_like=True, tag=8):
    """What a provider said of the last trades of instruments, which decides why a feed is silent."""

    provider: str
    instruments: tuple[str, ...]
    asked_ns: int
    answered_ns: int
    quotes: Mapping[str, Quote] = {}
    failure: Lost | None = None


class Hole(Entry, frozen=True, array_like=True, tag=6):
    """Records are missing here: the engine went on and the recorder did not keep up, or could not write."""

    at_ns: int
    lost: int
    why: str


class Ended(Entry, frozen=True, array_like=True, tag=7):
    """The engine was stopped in good order; where this is missing, it was killed."""

    at_ns: int


Record = Session | Frame | Opened | Lost | Answer | Hole | Ended | Quoted

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Record]).decode


def time_of(record: Record) -> int:
    """When a record was made, ns."""
    match record:
        case Frame():
            return record.ts_recv
        case Answer() | Quoted():
            return record.answered_ns
        case _:
            return record.at_ns


def encode_records(records: list[Record]) -> bytes:
    """Records as msgpack: an array of arrays, each led by the number of its kind."""
    return _encode(records)


def decode_records(packed: bytes) -> list[Record]:
    """The records that were encoded; raises ``msgspec.DecodeError`` (``ValidationError`` is one) for anything else."""
    return _decode(packed)

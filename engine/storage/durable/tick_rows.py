"""Ticks as rows: as the binary form of COPY on their way in, as objects on their way out.

They are written as bytes here because the driver would take longer to encode their values than the server to store them.
"""

import asyncio
import struct
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from engine.market.kept_tick import KeptTick
from engine.storage.durable.times import EPOCH

COLUMNS = ("instrument_id", "received_at", "ts", "price", "size", "traded", "volume", "oi", "bid", "ask", "provider")

_HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER = b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"
_ROWS_A_PIECE = 1_000
"""Packed in a millisecond or two; then others have the loop."""
_ROW = struct.Struct(">hiiiqiqidiqiqiqiqidid")
"""How many fields a row has, and all but its last, each after its length."""
_NUMBERS = struct.calcsize(">hiiiqiqidiqiq")
"""Where in it those begin that may be unknown."""
_WHOLE = struct.Struct(">iq")
_REAL = struct.Struct(">id")
_SINCE_2000_US = (datetime(2000, 1, 1, tzinfo=UTC) - EPOCH).days * 86_400_000_000
"""PostgreSQL counts from there."""


async def packed(ticks: Sequence[KeptTick], ids: Mapping[str, int]) -> AsyncIterator[bytes]:
    """The body of a binary COPY of these ticks, piece by piece."""
    providers = {provider: _text(provider) for provider in {tick.provider for tick in ticks}}
    yield _HEADER
    for start in range(0, len(ticks), _ROWS_A_PIECE):
        yield b"".join(_rows(ticks[start : start + _ROWS_A_PIECE], ids, providers))
        await asyncio.sleep(0)
    yield _TRAILER


def _rows(ticks: Sequence[KeptTick], ids: Mapping[str, int], providers: Mapping[str, bytes]) -> Iterator[bytes]:
    pack, since_us, fields = _ROW.pack, _SINCE_2000_US, len(COLUMNS)
    every = map(msgspec.structs.astuple, ticks)
    for name, received, event, price, size, traded, volume, interest, bid, ask, provider in every:
        row = pack(
            fields,
            4, ids[name],
            8, received - since_us,
            8, event - since_us,
            8, price,
            8, size,
            8, traded,
            8, volume or 0,
            8, interest or 0,
            8, bid or 0,
            8, ask or 0,
        )  # fmt: skip
        if volume is None or interest is None or bid is None or ask is None:
            row = row[:_NUMBERS] + _nullable(volume, interest, bid, ask)
        yield row + providers[provider]


def _nullable(volume: int | None, interest: int | None, bid: float | None, ask: float | None) -> bytes:
    forms = ((_WHOLE, volume), (_WHOLE, interest), (_REAL, bid), (_REAL, ask))
    return b"".join(_NULL if value is None else form.pack(8, value) for form, value in forms)


def _text(value: str) -> bytes:
    written = value.encode()
    return len(written).to_bytes(4, "big") + written


def tick_of(row: Any, instrument: str) -> KeptTick:
    """A row whose columns come in the order of a kept tick's fields after its name."""
    return KeptTick(instrument, *row)

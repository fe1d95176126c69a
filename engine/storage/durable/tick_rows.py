"""Ticks as rows: as the binary form of COPY on their way in, as objects on their way out.

They are written as bytes here because the driver would take longer to encode their values than the server to store them.
"""

import asyncio
import struct
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from engine.market.kept_tick import KeptTick
from engine.storage.durable.times import EPOCH

COLUMNS = ("instrument_id", "received_at", "ts", "price", "size", "traded", "volume", "oi", "bid", "ask", "provider")

_HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER = b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"
_ROWS_A_PIECE = 1_000
"""Packed in a millisecond or two; then others have the loop."""
_FIXED = struct.Struct(">hiiiqiqidiqiq")
"""How many fields a row has, and the first six of them, each after its length."""
_WHOLE = struct.Struct(">iq")
_REAL = struct.Struct(">id")
_SINCE_2000_US = (datetime(2000, 1, 1, tzinfo=UTC) - EPOCH).days * 86_400_000_000
"""PostgreSQL counts from there."""


async def packed(ticks: Sequence[KeptTick], ids: Mapping[str, int]) -> AsyncIterator[bytes]:
    """The body of a binary COPY of these ticks, piece by piece."""
    providers = {tick.provider: _text(tick.provider) for tick in ticks}
    yield _HEADER
    for start in range(0, len(ticks), _ROWS_A_PIECE):
        yield b"".join([_row(tick, ids, providers) for tick in ticks[start : start + _ROWS_A_PIECE]])
        await asyncio.sleep(0)
    yield _TRAILER


def _row(tick: KeptTick, ids: Mapping[str, int], providers: Mapping[str, bytes]) -> bytes:
    volume, interest, bid, ask = tick.volume, tick.open_interest, tick.bid, tick.ask
    return b"".join((
        _FIXED.pack(
            len(COLUMNS),
            4, ids[tick.instrument],
            8, tick.received_us - _SINCE_2000_US,
            8, tick.event_us - _SINCE_2000_US,
            8, tick.price,
            8, tick.size,
            8, tick.traded,
        ),
        _NULL if volume is None else _WHOLE.pack(8, volume),
        _NULL if interest is None else _WHOLE.pack(8, interest),
        _NULL if bid is None else _REAL.pack(8, bid),
        _NULL if ask is None else _REAL.pack(8, ask),
        providers[tick.provider],
    ))  # fmt: skip


def _text(value: str) -> bytes:
    written = value.encode()
    return len(written).to_bytes(4, "big") + written


def tick_of(row: Any, instrument: str) -> KeptTick:
    """A row whose columns come in the order of a kept tick's fields after its name."""
    return KeptTick(instrument, *row)

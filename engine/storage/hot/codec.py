"""How candles and values look in Redis.

- closed candles in hashes: a msgpack array, in the order of ``pack_candle``; its field is the opening time in seconds;
- forming candles and buffers: the JSON object of the contract, plus ``oi``, ``source`` and ``resolve`` where they say something.
"""

import msgspec

from engine.market.candle import Candle, CandleState
from engine.storage.packing import pack, unpack

SECOND_NS = 1_000_000_000
MILLISECOND_NS = 1_000_000


class LiveCandle(msgspec.Struct, omit_defaults=True, gc=False):
    """A candle as browsers like it; ``time`` in seconds."""

    time: int
    open: float
    high: float
    low: float
    close: float
    volume: int
    state: CandleState
    rev: int
    oi: int | None = None
    source: str = ""
    resolve: bool = False


_to_json = msgspec.json.Encoder().encode
_from_json = msgspec.json.Decoder(LiveCandle).decode


def live_json(candle: Candle) -> bytes:
    """The candle as JSON."""
    return _to_json(
        LiveCandle(
            candle.time // SECOND_NS,
            candle.open,
            candle.high,
            candle.low,
            candle.close,
            candle.volume,
            candle.state,
            candle.revision,
            candle.open_interest,
            candle.source,
            candle.resolve_required,
        )
    )


def candle_of_json(instrument: str, timeframe: str, text: bytes) -> Candle:
    """The candle that a JSON text tells of."""
    live = _from_json(text)
    return Candle(
        instrument=instrument,
        timeframe=timeframe,
        time=live.time * SECOND_NS,
        open=live.open,
        high=live.high,
        low=live.low,
        close=live.close,
        volume=live.volume,
        open_interest=live.oi,
        state=live.state,
        revision=live.rev,
        source=live.source,
        resolve_required=live.resolve,
    )


def pack_candle(candle: Candle) -> bytes:
    """A closed candle as msgpack: its row, and when it was published in milliseconds."""
    return pack((*candle.row, candle.published_ns // MILLISECOND_NS))


def unpack_candle(instrument: str, timeframe: str, time_s: int, packed: bytes) -> Candle:
    """The candle that was packed; versions before this one did not say when it was published."""
    opening, high, low, close, volume, interest, state, revision, source, flagged, *published = unpack(packed)
    return Candle(
        instrument=instrument,
        timeframe=timeframe,
        time=time_s * SECOND_NS,
        open=opening,
        high=high,
        low=low,
        close=close,
        volume=volume,
        open_interest=interest,
        state=CandleState(state),
        revision=revision,
        source=source,
        resolve_required=flagged,
        published_ns=published[0] * MILLISECOND_NS if published else 0,
    )

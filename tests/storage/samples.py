"""Candles and reports to write and read back."""

import time
from typing import Any

import msgspec

from engine.market.candle import Candle, CandleState
from engine.storage.hot import InstrumentReport

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
NOW = int(time.time()) // 60 * MINUTE_NS
"""The open of the current minute: hot candles must be young, or their retention takes them."""


def bar(instrument: str = "NSE:RELIANCE", minutes_ago: int = 1, timeframe: str = "1m", **changes: Any) -> Candle:
    candle = Candle(
        instrument=instrument,
        timeframe=timeframe,
        time=NOW - minutes_ago * MINUTE_NS,
        open=2456.05,
        high=2460.1,
        low=2450.35,
        close=2459.95,
        volume=12_345,
        open_interest=None,
        state=CandleState.FINAL,
        source="dhan",
    )
    return msgspec.structs.replace(candle, **changes)


def bars(count: int, instrument: str = "NSE:RELIANCE", **changes: Any) -> list[Candle]:
    """The last ``count`` minutes, oldest first, each with prices of its own."""
    return [
        bar(instrument, ago, open=100 + ago * 0.05, high=200 + ago * 0.05, volume=ago, **changes)
        for ago in range(count, 0, -1)
    ]


def revised(candle: Candle, revision: int = 1, **changes: Any) -> Candle:
    return msgspec.structs.replace(candle, state=CandleState.REVISED, revision=revision, **changes)


def report(instrument: str = "NSE:RELIANCE", segment_key: str = "NSE_EQ:1333", **changes: Any) -> InstrumentReport:
    values: dict[str, Any] = {
        "instrument": instrument,
        "segment_key": segment_key,
        "price": 2459.95,
        "quote": {"ltp": 2459.95, "ts_event": NOW, "ts_recv": NOW + 5, "volume": 10**7, "oi": None, "provider": "dhan"},
        "state": {"baseline": ["dhan", "2026-11-20", 10**7], "minutes": []},
        "forming": (bar(instrument, 0, state=CandleState.FORMING),),
    }
    return InstrumentReport(**{**values, **changes})

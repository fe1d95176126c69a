"""JSON: what the relay says of what was traded, one message a frame."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from engine.market.candle import Candle
from engine.providers.base import Mode
from engine.providers.databento.relay.messages import SYMBOLS
from engine.providers.simulator.hours import MINUTE_NS
from engine.providers.simulator.instruments import Listing
from engine.providers.simulator.tape import Event, Trade

_EXCHANGES: Final = ("COMEX", "NYMEX", "CME")
_MILLISECOND_NS: Final = 1_000_000
_TRADES_PER_BAR: Final = 5
"""After so many trades the forming bar is told once more."""


class RelaySpeech:
    """Tells each trade, and now and then the bar that forms."""

    packets_per_frame = 1

    def __init__(self) -> None:
        self._forming: dict[str, dict[str, Any]] = {}
        self._told = 0

    def route(self, listing: Listing) -> tuple[str, str] | None:
        """The exchange and its symbol, of the five it carries."""
        carried = listing.exchange in _EXCHANGES and listing.symbol in SYMBOLS
        return (listing.exchange, listing.symbol) if carried else None

    def encode(self, listing: Listing, event: Event, mode: Mode) -> list[bytes]:
        """The trade, and with every fifth the bar; the relay knows one mode only."""
        if not isinstance(event, Trade):
            return []
        bars = self._bars(listing, event)
        tick = {"type": "tick", "symbol": listing.symbol, "price": event.price, "size": event.quantity}
        return [msgspec.json.encode(message) for message in (*bars, tick)]

    def welcome(self, listing: Listing, trade: Trade, mode: Mode) -> list[bytes]:
        """Nothing: who subscribes does it by asking for bars, and gets those."""
        return []

    def frame(self, packets: Sequence[bytes]) -> str:
        return b"".join(packets).decode("utf-8", "replace")

    def _bars(self, listing: Listing, trade: Trade) -> list[dict[str, Any]]:
        """What is to be told of bars: the one that a trade has closed, and the forming one now and then."""
        time_ms = trade.time_ns // MINUTE_NS * MINUTE_NS // _MILLISECOND_NS
        bar = self._forming.get(listing.symbol)
        closed = [] if bar is None or bar["time"] >= time_ms else [_message(listing.symbol, bar)]
        if bar is None or bar["time"] < time_ms:
            bar = {"time": time_ms, "open": trade.price, "high": trade.price, "low": trade.price, "volume": 0}
            self._forming[listing.symbol] = bar
        bar |= {"high": max(bar["high"], trade.price), "low": min(bar["low"], trade.price), "close": trade.price}
        bar["volume"] += trade.quantity
        self._told += 1
        return closed if self._told % _TRADES_PER_BAR else [*closed, _message(listing.symbol, bar)]


def _message(symbol: str, bar: dict[str, Any]) -> dict[str, Any]:
    return {"type": "candle", "symbol": symbol, "timeframe": "1m", "data": dict(bar)}


def answer(symbol: str, timeframe: str, candles: Sequence[Candle]) -> str:
    """The newest bars, as they were asked for."""
    rows = [
        {
            "time": candle.time // _MILLISECOND_NS,
            "open": candle.open,
            "high": candle.high,
            "low": candle.low,
            "close": candle.close,
            "volume": candle.volume,
        }
        for candle in candles
    ]
    message = {"type": "historical_candles", "symbol": symbol, "timeframe": timeframe, "candles": rows}
    return msgspec.json.encode(message).decode()

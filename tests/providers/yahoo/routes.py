"""Routes, times and messages the tests of this package speak of."""

import base64
import json
from typing import Any

from engine.providers.base import Route
from engine.providers.yahoo.pricing import pricing_type

SECOND = 1_000_000_000
NOW_S = 1_763_735_400
"""2025-11-21 14:30:00 UTC: New York opens."""
NOW_NS = NOW_S * SECOND
NOW_MS = NOW_S * 1_000

APPLE = Route("NASDAQ:AAPL", "NASDAQ", "AAPL", 0.01, "equity", target="apple")
RELIANCE = Route("NSE:RELIANCE", "NSE", "RELIANCE.NS", 0.05, "equity", target="reliance")
NIFTY = Route("NSE:NIFTY", "NSE", "^NSEI", 0.05, "index", target="nifty")
GOLD = Route("COMEX:GC1!", "COMEX", "GC=F", 0.1, "future", target="gold")
BITCOIN = Route("CRYPTO:BTCUSD", "CRYPTO", "BTC-USD", 0.01, "equity", target="bitcoin")


def message(**fields: Any) -> bytes:
    """A frame as the streamer sends it in the regular session."""
    data = pricing_type()(**({"id": "AAPL", "price": 271.49, "time": NOW_MS, "market_hours": 1} | fields))  # pyright: ignore[reportCallIssue]
    return json.dumps({"message": base64.b64encode(data.SerializeToString()).decode()}).encode()

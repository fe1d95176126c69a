"""Routes and times the tests of this package speak of."""

from engine.providers.base import Route

SECOND = 1_000_000_000
NOW_S = 1_767_000_000
"""2025-12-29 09:20:00 UTC."""
NOW_NS = NOW_S * SECOND

INFY = Route("NSE:INFY", "NSE_EQ", "1594", 0.05, "equity", target="infy")
INFY_TOKEN = 408065
NIFTY = Route("NSE:NIFTY", "IDX_I", "1001", 0.05, "index", target="nifty")
NIFTY_TOKEN = 256265
NIFTY_FUT = Route("NFO:NIFTY30DEC25FUT", "NSE_FNO", "49543", 0.1, "future", target="nifty future")
USDINR = Route("CDS:USDINR29DEC25FUT", "NSE_CURRENCY", "1234", 0.0025, "future", target="usdinr")


def many(count: int, *, segment: str = "NSE_EQ") -> list[Route]:
    return [Route(f"NSE:S{number}", segment, str(number), 0.05, "equity") for number in range(1, count + 1)]

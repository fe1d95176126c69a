"""Routes and times the tests of this package speak of."""

from engine.providers.base import Route

INDIA_S = 19_800
SECOND = 1_000_000_000
NOW_S = 1_767_000_000
"""2025-12-29 09:20:00 UTC."""
NOW_NS = NOW_S * SECOND

HDFCBANK = Route("NSE:HDFCBANK", "NSE_EQ", "1333", 0.05, "equity", target="hdfcbank")
ABB = Route("NSE:ABB", "NSE_EQ", "13", 0.5, "equity", target="abb")
NIFTY = Route("NSE:NIFTY", "IDX_I", "13", 0.05, "index", target="nifty")
NIFTY_FUT = Route("NFO:NIFTY30DEC25FUT", "NSE_FNO", "49543", 0.1, "future", target="nifty future")


def many(count: int, *, segment: str = "NSE_EQ") -> list[Route]:
    return [Route(f"NSE:S{number}", segment, str(number), 0.05, "equity") for number in range(1, count + 1)]

"""A book to keep, at one instant after another."""

from engine.market.depth import Depth, DepthLevel

NOON_NS = 1_795_156_200_000_000_000
"""2026-11-20T06:30:00Z, noon in India."""


def book(instrument: str = "NSE:HDFCBANK", ts_recv: int = NOON_NS, *, best_bid: float = 1650.25) -> Depth:
    return Depth(
        instrument,
        (DepthLevel(best_bid, 100, 3), DepthLevel(best_bid - 0.05, 50, 1)),
        (DepthLevel(best_bid + 0.05, 70, 2),),
        ts_recv,
        "dhan",
    )

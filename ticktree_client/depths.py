"""Depth: what waits at the best prices of an instrument."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class DepthLevel:
    """What waits at one price; the quantity in units."""

    price: float
    quantity: int
    orders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """Both sides of a book at one time, best prices first. A side without orders is empty."""

    instrument: str
    bids: tuple[DepthLevel, ...]
    asks: tuple[DepthLevel, ...]
    time: datetime | None
    """When the server was told it; None where there is none."""
    source: str
    """The provider that told it."""
    failed: str = ""
    """Of one that was asked for: why there is none, or nobody keeps it fresh; empty when somebody does."""

"""Where an option chain is found: its underlying and its day of expiry."""

from datetime import date
from typing import NamedTuple, Self


class ChainPlace(NamedTuple):
    """Written as ``NSE:NIFTY.2026-11-26``."""

    underlying: str
    """Canonical name."""
    expiry: date

    def __str__(self) -> str:
        return f"{self.underlying}.{self.expiry.isoformat()}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError for what names no chain."""
        underlying, _, expiry = text.rpartition(".")
        if not underlying:
            raise ValueError(f"expected a chain as NSE:NIFTY.2026-11-26, was {text[:80]!r}")
        return cls(underlying, date.fromisoformat(expiry))

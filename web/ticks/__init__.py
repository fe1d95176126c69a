"""Ticks: what was kept of them, read from both stores in portions."""

from web.ticks.reading import Place, TickReading, Wish
from web.ticks.row import TICKS, TickRow, row_of

__all__ = ["TICKS", "Place", "TickReading", "TickRow", "Wish", "row_of"]

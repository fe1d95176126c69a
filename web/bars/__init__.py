"""Bars: candles in the short form of charts, read in portions."""

from web.bars.bar import BARS, Bar, bar_of
from web.bars.gaps import PageGaps, gap_row
from web.bars.reading import MOST_BUCKETS, PORTION, Place, Reading, Sources, Span, Wish

__all__ = [
    "BARS",
    "MOST_BUCKETS",
    "PORTION",
    "Bar",
    "PageGaps",
    "Place",
    "Reading",
    "Sources",
    "Span",
    "Wish",
    "bar_of",
    "gap_row",
]

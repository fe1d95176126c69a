"""Bars: candles in the short form of charts, read in portions and written in the form that a client asks for."""

from web.bars.bar import Bar, bar_of
from web.bars.forms import FORMS, Form, begin_form
from web.bars.gaps import PageGaps, gap_row
from web.bars.reading import MOST_BUCKETS, PORTION, Place, Reading, Sources, Span, Wish

__all__ = [
    "FORMS",
    "MOST_BUCKETS",
    "PORTION",
    "Bar",
    "Form",
    "PageGaps",
    "Place",
    "Reading",
    "Sources",
    "Span",
    "Wish",
    "bar_of",
    "begin_form",
    "gap_row",
]

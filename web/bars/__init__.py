"""Bars: candles in the short form of charts, read in portions and written in the form that a client asks for."""

from web.bars.bar import Bar, bar_of
from web.bars.forms import FORMS, Form
from web.bars.gaps import gap_row
from web.bars.reading import MOST_BUCKETS, Place, Reading, Wish

__all__ = ["FORMS", "MOST_BUCKETS", "Bar", "Form", "Place", "Reading", "Wish", "bar_of", "gap_row"]

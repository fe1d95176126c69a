"""UDF: the protocol in which TradingView's charting library asks for symbols, bars, marks and quotes, without sockets."""

from web.udf.bars import BarSource, Table, Window, shown_s, table_of
from web.udf.marks import Mark, columns, marks_of, timescale
from web.udf.quotes import quote_of
from web.udf.resolutions import RESOLUTIONS, timeframe_of_resolution
from web.udf.symbols import KINDS, TYPES, SymbolFound, SymbolInfo, found_of, info_of

__all__ = [
    "KINDS",
    "RESOLUTIONS",
    "TYPES",
    "BarSource",
    "Mark",
    "SymbolFound",
    "SymbolInfo",
    "Table",
    "Window",
    "columns",
    "found_of",
    "info_of",
    "marks_of",
    "quote_of",
    "shown_s",
    "table_of",
    "timeframe_of_resolution",
    "timescale",
]

"""Arrow: rows as an Arrow IPC stream, which pandas, polars and DuckDB read without parsing."""

import io
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import msgspec

from web.forms.sheet import TIME_UNITS, Sheet

ABOUT = "ticktree"
"""Under this name the metadata of the last batch, which is empty, says as JSON what the answer tells of its rows."""


def load_arrow() -> None:
    """Imports the library, and pandas where it is there, which the library looks for at its first array.

    That takes half a second, on a busy machine five: in a thread, lest all sockets of the process wait for it.
    """
    import_module("pyarrow").array([0])


class ArrowForm:
    """A table of all symbols. The library is imported by who asks for it: it takes tens of megabytes."""

    content_type = "application/vnd.apache.arrow.stream"
    streams = False
    tells_all = False

    def __init__(self, sheet: Sheet) -> None:
        self._arrow: Any = import_module("pyarrow")
        self._sink = io.BytesIO()
        self._schema: Any = _schema(self._arrow, sheet)
        self._writer: Any = None

    def begin(self) -> bytes:
        self._writer = self._arrow.ipc.new_stream(self._sink, self._schema)
        return self._written()

    def rows(self, symbol: str, rows: Sequence[Any]) -> bytes:
        if rows:
            columns = zip(*map(msgspec.structs.astuple, rows), strict=True)
            self._writer.write_batch(self._batch([symbol] * len(rows), *columns))
        return self._written()

    def end(self, about: Mapping[str, Any]) -> bytes:
        empty: list[list[Any]] = [[] for _ in self._schema]
        self._writer.write_batch(self._batch(*empty), custom_metadata={ABOUT: msgspec.json.encode(about)})
        self._writer.close()
        return self._written()

    def _batch(self, *columns: Sequence[Any]) -> Any:
        arrays = [self._arrow.array(column, field.type) for column, field in zip(columns, self._schema, strict=True)]
        return self._arrow.record_batch(arrays, schema=self._schema)

    def _written(self) -> bytes:
        """What was written since the last time."""
        found = self._sink.getvalue()
        self._sink.seek(0)
        self._sink.truncate()
        return found


def _schema(arrow: Any, sheet: Sheet) -> Any:
    return arrow.schema(
        [("symbol", arrow.string()), *((name, _type(arrow, word)) for name, word in sheet.columns.items())]
    )


def _type(arrow: Any, word: str) -> Any:
    return arrow.timestamp(word, "UTC") if word in TIME_UNITS else arrow.type_for_alias(word)

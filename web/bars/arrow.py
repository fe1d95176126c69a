"""Arrow: bars as an Arrow IPC stream, which pandas, polars and DuckDB read without parsing."""

import io
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import msgspec

from web.bars.bar import Bar

ABOUT = "ticktree"
"""Under this name the metadata of the last batch, which is empty, says as JSON what the answer tells of its bars."""


def load_arrow() -> None:
    """Imports the library, and pandas where it is there, which the library looks for at its first array.

    That takes half a second, on a busy machine five: in a thread, lest all sockets of the process wait for it.
    """
    import_module("pyarrow").array([0])


class ArrowForm:
    """A table of all symbols; ``t`` is a time. The library is imported by who asks for it: it takes tens of megabytes."""

    content_type = "application/vnd.apache.arrow.stream"
    streams = False
    tells_all = False

    def __init__(self) -> None:
        self._arrow: Any = import_module("pyarrow")
        self._sink = io.BytesIO()
        self._schema: Any = _schema(self._arrow)
        self._writer: Any = None

    def begin(self) -> bytes:
        self._writer = self._arrow.ipc.new_stream(self._sink, self._schema)
        return self._written()

    def bars(self, symbol: str, bars: Sequence[Bar]) -> bytes:
        if bars:
            columns = zip(*map(msgspec.structs.astuple, bars), strict=True)
            self._writer.write_batch(self._batch([symbol] * len(bars), *columns))
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


def _schema(arrow: Any) -> Any:
    price, number, text = arrow.float64(), arrow.int64(), arrow.string()
    fields = {
        "symbol": text,
        "t": arrow.timestamp("ms", "UTC"),
        **dict.fromkeys(("o", "h", "l", "c"), price),
        **dict.fromkeys(("v", "oi"), number),
        "state": text,
        "rev": arrow.int32(),
        "source": text,
    }
    return arrow.schema(list(fields.items()))

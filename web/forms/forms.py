"""Forms: rows as JSON, CSV, msgpack and Arrow, written piece by piece so that nobody holds them all as objects."""

import asyncio
import csv
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

import msgspec

from web.forms.arrow import ArrowForm, load_arrow
from web.forms.sheet import Sheet

_encode_json = msgspec.json.Encoder().encode
_encode_msgpack = msgspec.msgpack.Encoder().encode


class Form(Protocol):
    """Writes one answer. What its three methods return, in the order of their calls, is the answer's body."""

    content_type: str
    streams: bool
    """Whether a page goes out while it is read; else it is put together first, for its headers or its lengths."""
    tells_all: bool
    """Whether it says in its body what an answer tells of its rows; else headers do, as nothing may disturb the rows."""

    def begin(self) -> bytes:
        """What stands before all rows."""
        ...

    def rows(self, symbol: str, rows: Sequence[Any]) -> bytes:
        """The next rows of a symbol. All of one symbol come after each other; there may be none."""
        ...

    def end(self, about: Mapping[str, Any]) -> bytes:
        """What stands after all rows; ``about`` is what the answer tells of them."""
        ...


class JsonForm:
    """``{"bars": {symbol: [bar, …], …}, …}``, or whatever the sheet is called."""

    content_type = "application/json"
    streams = True
    tells_all = True

    def __init__(self, sheet: Sheet) -> None:
        self._name = sheet.name
        self._symbol: str | None = None
        self._has_rows = False

    def begin(self) -> bytes:
        return b'{"%s":{' % self._name.encode()

    def rows(self, symbol: str, rows: Sequence[Any]) -> bytes:
        before = b""
        if symbol != self._symbol:
            before = (b"" if self._symbol is None else b"],") + _encode_json(symbol) + b":["
            self._symbol, self._has_rows = symbol, False
        if not rows:
            return before
        before += b"," if self._has_rows else b""
        self._has_rows = True
        return before + _encode_json(rows)[1:-1]

    def end(self, about: Mapping[str, Any]) -> bytes:
        return (b"" if self._symbol is None else b"]") + b"}," + _encode_json(about)[1:]


class MsgpackForm:
    """The same object as JSON's. Its lists begin with their lengths, so it comes as a whole, at the end."""

    content_type = "application/msgpack"
    streams = False
    tells_all = True

    def __init__(self, sheet: Sheet) -> None:
        self._name = sheet.name
        self._packed: dict[str, bytearray] = {}
        self._counts: dict[str, int] = {}

    def begin(self) -> bytes:
        return b""

    def rows(self, symbol: str, rows: Sequence[Any]) -> bytes:
        packed = self._packed.setdefault(symbol, bytearray())
        for row in rows:
            packed += _encode_msgpack(row)
        self._counts[symbol] = self._counts.get(symbol, 0) + len(rows)
        return b""

    def end(self, about: Mapping[str, Any]) -> bytes:
        lists = {
            symbol: msgspec.Raw(b"\xdd" + self._counts[symbol].to_bytes(4, "big") + packed)  # array 32
            for symbol, packed in self._packed.items()
        }
        return _encode_msgpack({self._name: lists, **about})


class CsvForm:
    """One line a row under a line of names, the symbol first; what is not known is left empty."""

    content_type = "text/csv; charset=utf-8"
    streams = False
    tells_all = False

    def __init__(self, sheet: Sheet) -> None:
        self._names = ("symbol", *sheet.columns)

    def begin(self) -> bytes:
        return ",".join(self._names).encode() + b"\n"

    def rows(self, symbol: str, rows: Sequence[Any]) -> bytes:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows((symbol, *msgspec.structs.astuple(row)) for row in rows)
        return text.getvalue().encode()

    def end(self, about: Mapping[str, Any]) -> bytes:  # noqa: ARG002
        return b""


FORMS: Final[Mapping[str, Callable[[Sheet], Form]]] = {
    "json": JsonForm,
    "csv": CsvForm,
    "msgpack": MsgpackForm,
    "arrow": ArrowForm,
}
"""By the word in ``format=``."""


async def begin_form(name: str, sheet: Sheet) -> Form:
    """A form by its word, for one answer."""
    if name == "arrow":
        await asyncio.to_thread(load_arrow)
    return FORMS[name](sheet)

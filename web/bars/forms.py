"""Forms: bars as JSON, CSV, msgpack and Arrow, written piece by piece so that nobody holds them all as objects."""

import asyncio
import csv
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

import msgspec

from web.bars.arrow import ArrowForm, load_arrow
from web.bars.bar import Bar

_encode_json = msgspec.json.Encoder().encode
_encode_msgpack = msgspec.msgpack.Encoder().encode


class Form(Protocol):
    """Writes one answer. What its three methods return, in the order of their calls, is the answer's body."""

    content_type: str
    streams: bool
    """Whether a page goes out while it is read; else it is put together first, for its headers or its lengths."""
    tells_all: bool
    """Whether it says in its body what an answer tells of its bars; else headers do, as nothing may disturb the rows."""

    def begin(self) -> bytes:
        """What stands before all bars."""
        ...

    def bars(self, symbol: str, bars: Sequence[Bar]) -> bytes:
        """The next bars of a symbol. All of one symbol come after each other; there may be none."""
        ...

    def end(self, about: Mapping[str, Any]) -> bytes:
        """What stands after all bars; ``about`` is what the answer tells of them."""
        ...


class JsonForm:
    """``{"bars": {symbol: [bar, …], …}, …}``."""

    content_type = "application/json"
    streams = True
    tells_all = True

    def __init__(self) -> None:
        self._symbol: str | None = None
        self._has_bars = False

    def begin(self) -> bytes:
        return b'{"bars":{'

    def bars(self, symbol: str, bars: Sequence[Bar]) -> bytes:
        before = b""
        if symbol != self._symbol:
            before = (b"" if self._symbol is None else b"],") + _encode_json(symbol) + b":["
            self._symbol, self._has_bars = symbol, False
        if not bars:
            return before
        before += b"," if self._has_bars else b""
        self._has_bars = True
        return before + _encode_json(bars)[1:-1]

    def end(self, about: Mapping[str, Any]) -> bytes:
        return (b"" if self._symbol is None else b"]") + b"}," + _encode_json(about)[1:]


class MsgpackForm:
    """The same object as JSON's. Its lists begin with their lengths, so it comes as a whole, at the end."""

    content_type = "application/msgpack"
    streams = False
    tells_all = True

    def __init__(self) -> None:
        self._packed: dict[str, bytearray] = {}
        self._counts: dict[str, int] = {}

    def begin(self) -> bytes:
        return b""

    def bars(self, symbol: str, bars: Sequence[Bar]) -> bytes:
        packed = self._packed.setdefault(symbol, bytearray())
        for bar in bars:
            packed += _encode_msgpack(bar)
        self._counts[symbol] = self._counts.get(symbol, 0) + len(bars)
        return b""

    def end(self, about: Mapping[str, Any]) -> bytes:
        lists = {
            symbol: msgspec.Raw(b"\xdd" + self._counts[symbol].to_bytes(4, "big") + packed)  # array 32
            for symbol, packed in self._packed.items()
        }
        return _encode_msgpack({"bars": lists, **about})


class CsvForm:
    """One line a bar under a line of names, the symbol first; what is not known is left empty."""

    content_type = "text/csv; charset=utf-8"
    streams = False
    tells_all = False

    def begin(self) -> bytes:
        return ",".join(("symbol", *Bar.__struct_fields__)).encode() + b"\n"

    def bars(self, symbol: str, bars: Sequence[Bar]) -> bytes:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows((symbol, *msgspec.structs.astuple(bar)) for bar in bars)
        return text.getvalue().encode()

    def end(self, about: Mapping[str, Any]) -> bytes:  # noqa: ARG002
        return b""


FORMS: Final[Mapping[str, Callable[[], Form]]] = {
    "json": JsonForm,
    "csv": CsvForm,
    "msgpack": MsgpackForm,
    "arrow": ArrowForm,
}
"""By the word in ``format=``."""


async def begin_form(name: str) -> Form:
    """A form by its word, for one answer."""
    if name == "arrow":
        await asyncio.to_thread(load_arrow)
    return FORMS[name]()

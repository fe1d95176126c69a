"""Bars: candles in the short form of charts, as JSON, msgpack or lines of text."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from engine.market.candle import Candle, CandleState


class Bar(msgspec.Struct, frozen=True, gc=False):
    """A candle: its row under short names; ``t`` is its open in milliseconds UTC."""

    t: int
    o: float
    h: float
    l: float  # noqa: E741 - as charts call it
    c: float
    v: int
    oi: int | None
    state: CandleState
    rev: int
    source: str


def bar_of(candle: Candle) -> Bar:
    return Bar(candle.time // 1_000_000, *candle.row[:-1])


def as_csv(bars: Mapping[str, Sequence[Bar]]) -> bytes:
    """One line a bar under a line of names, the symbol first."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("symbol", *Bar.__struct_fields__))
    for symbol, rows in bars.items():
        writer.writerows((symbol, *msgspec.structs.astuple(bar)) for bar in rows)
    return text.getvalue().encode()


def as_msgpack(body: Any) -> bytes:
    """The same object as the JSON answer's."""
    return msgspec.msgpack.encode(body)

"""Every form says the same: what JSON, CSV, msgpack and Arrow are read back as is what was written."""

import csv
import io
import json
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.market import Candle, CandleState
from tests.web.engine import unpacked
from web.bars import BARS, Bar, bar_of
from web.forms import FORMS
from web.forms.arrow import ABOUT
from web.ticks import TICKS, TickRow

pa: Any = import_module("pyarrow")
PRICES = st.floats(0.01, 1e7) | st.just(float("nan"))
CANDLES = st.builds(
    Candle,
    instrument=st.just("NSE:TCS"),
    timeframe=st.just("1m"),
    time=st.integers(0, 10**10).map(lambda minute: minute % 10**9 * 60_000_000_000 % 2**62 // 10**6 * 10**6),
    open=PRICES,
    high=PRICES,
    low=PRICES,
    close=PRICES,
    volume=st.integers(0, 2**62),
    open_interest=st.none() | st.integers(0, 2**62),
    state=st.sampled_from(CandleState),
    revision=st.integers(0, 2**31 - 1),
    source=st.sampled_from(["", "dhan", "dhan/ticks", 'a "strange", one']),
)
PIECES = st.lists(st.tuples(st.sampled_from("ABC"), st.lists(CANDLES, max_size=4)), max_size=6)
ABOUT_BARS = {"next_page_token": None, "complete": False, "gaps": [{"symbol": "A", "start": 1}], "data": "live"}
NUMBERS, COUNTS = ("o", "h", "l", "c"), ("t", "v", "oi", "rev")


def rows(form: str, body: bytes) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """The bars of a body, each with its symbol, and what the body tells of them."""
    if form == "csv":
        return [_of_text(row) for row in csv.DictReader(io.StringIO(body.decode(), newline=""))], None
    if form == "arrow":
        return _of_arrow(body)
    whole: dict[str, Any] = json.loads(body) if form == "json" else unpacked(body)
    bars = whole.pop("bars")
    return [{"symbol": symbol, **bar} for symbol, listed in bars.items() for bar in listed], whole


def _of_text(row: dict[str, str]) -> dict[str, Any]:
    read: dict[str, Any] = dict(row)
    read |= {name: float(row[name]) if row[name] else None for name in NUMBERS}
    return read | {name: int(row[name]) if row[name] else None for name in COUNTS}


def _of_arrow(body: bytes) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    reader, found, about = pa.ipc.open_stream(body), list[dict[str, Any]](), dict[str, Any]()
    while True:
        try:
            batch, metadata = reader.read_next_batch_with_custom_metadata()
        except StopIteration:
            return found, about
        found += batch.set_column(1, "t", batch["t"].cast(pa.int64())).to_pylist()
        about = json.loads(metadata[ABOUT]) if metadata is not None else about


def written(form: str, pieces: Sequence[tuple[str, Sequence[Candle]]]) -> bytes:
    writer = FORMS[form](BARS)
    parts = [writer.begin(), *(writer.rows(symbol, [bar_of(one) for one in candles]) for symbol, candles in pieces)]
    return b"".join([*parts, writer.end(ABOUT_BARS)])


@given(pieces=PIECES)
def test_all_forms_are_read_back_as_the_same_bars_however_they_were_cut(
    pieces: list[tuple[str, list[Candle]]],
) -> None:
    pieces.sort(key=lambda piece: piece[0])  # a symbol's bars come after each other
    told = {form: rows(form, written(form, pieces)) for form in FORMS}
    bars, about = told["json"]
    assert [bar["t"] for bar in bars] == [one.time // 10**6 for _, candles in pieces for one in candles]
    assert [(bar["c"], bar["oi"]) for bar in bars] == [
        (None if one.close != one.close else one.close, one.open_interest) for _, candles in pieces for one in candles
    ]
    assert all(read == bars for read, _ in told.values())
    assert {form: said for form, (_, said) in told.items()} == {
        "json": about,
        "msgpack": about,
        "arrow": about,
        "csv": None,
    }
    assert about == ABOUT_BARS


def test_symbols_without_bars_are_named_in_forms_that_have_a_place_for_them() -> None:
    assert json.loads(written("json", [("A", []), ("B", [])]))["bars"] == {"A": [], "B": []}
    assert unpacked(written("msgpack", [("A", [])]))["bars"] == {"A": []}


def test_the_columns_of_a_sheet_are_those_of_its_rows() -> None:
    assert tuple(BARS.columns) == Bar.__struct_fields__
    assert tuple(TICKS.columns) == TickRow.__struct_fields__

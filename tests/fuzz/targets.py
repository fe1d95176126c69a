"""What is fuzzed: everything that reads bytes of a provider, with what it must keep to, and frames to begin with."""

from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import zstandard

from engine.providers.base import Mode, ProviderError, Route
from engine.providers.databento.answers import BarReader, candles_of, refusal
from engine.providers.databento.relay.messages import read_bars, read_messages
from engine.providers.dhan import charts as dhan_charts
from engine.providers.dhan.depth_codec import decode_depth
from engine.providers.dhan.depth_decoder import DepthDecoder
from engine.providers.dhan.options import read_chain, read_expiries
from engine.providers.dhan.orders import read_update
from engine.providers.kite import charts as kite_charts
from engine.providers.kite.codec import encode_frame
from engine.providers.kite.messages import read_message
from engine.providers.simulator.dhan.depth import DhanDepthSpeech
from engine.providers.yahoo import charts as yahoo_charts
from engine.seeding.master import Selection, read_master
from tests.providers.conformance.case import Case
from tests.providers.conformance.cases import CASES
from tests.providers.conformance.frames import NOON, assert_total, door_of, frames_of, judged

_LARGEST_SEED: Final = 65_536
_ROUTE: Final = Route("NSE:RELIANCE", "NSE_EQ", "2885", 0.1, "equity")
_ORDER: Final = b'{"Data":{"orderNo":"1","status":"TRADED"},"Type":"order_alert"}'
_DEEP: Final = b'{"type":"order","data":' + b"[" * 4_000
"""JSON may be nested deeper than whoever reads it may."""
_KITE_MESSAGES: Final = (_DEEP, b'{"type":"order","data":{"order_id":"1"}}', b'{"type":"error","data":"no"}')
_KITE_ANSWERS: Final = (
    b'{"data":{"candles":[["2017-12-15T09:15:00+0530",1704.5,1705,1699.25,1702.8,2499]]}}',
    b'{"data":{"NSE:RELIANCE":{"instrument_token":738561,"last_price":1.5,"last_trade_time":"2026-11-20 12:00:00"}}}',
)
_APPLE: Final = Route("NASDAQ:AAPL", "NASDAQ", "AAPL", 0.01, "equity")
_YAHOO_ANSWERS: Final = (
    b'{"quoteResponse":{"result":[{"symbol":"AAPL","regularMarketPrice":271.49,"regularMarketTime":1763735400,"bid":0}]}}',
    b'{"quotes":[{"symbol":"AAPL","longname":"Apple Inc.","exchange":"NMS","quoteType":"EQUITY"}]}',
)
_RELAY_BARS: Final = (
    b'{"type":"historical_candles","candles":[{"time":1767000000000,"open":1,"high":2,"low":1,"close":2,"volume":3}]}',
    b'{"type":"historical_candles","data":[[1767000000000,1,2,1,2,3]]}',
)
_DATABENTO_ERROR: Final = b'{"detail":{"case":"data_end_after_available_end","message":"m","payload":{"available_end":"2026-11-20T00:00:00Z"}}}'
_DHAN_ANSWERS: Final = (
    b'{"data":{"NSE_EQ":{"2885":{"last_price":1500.5,"volume":7,"ohlc":{"open":1,"close":2,"high":3,"low":1}}}}}',
    b'{"open":[1],"high":[2],"low":[1],"close":[2],"volume":[9],"timestamp":[1767000000],"open_interest":[0]}',
    b'{"data":["2026-11-24"],"status":"success"}',
    b'{"data":{"last_price":1,"oc":{"25650.000000":{"ce":{"last_price":1,"greeks":{"delta":0.5}}}}}}',
)


class Target(NamedTuple):
    """One thing to be fuzzed."""

    run: Callable[[bytes], object]
    """Fails by raising."""
    seeds: Callable[[], list[bytes]]


def targets(recordings: Path) -> dict[str, Target]:
    """All of them by name; recorded files are begun with where they are."""
    feeds = {case.name: Target(partial(_decode, case), partial(_frames, case, recordings)) for case in CASES}
    return {
        **feeds,
        "dhan_depth": Target(_depth, _books),
        "dhan_orders": Target(read_update, lambda: [_ORDER]),
        "dhan_answers": Target(_dhan_answers, lambda: list(_DHAN_ANSWERS)),
        "kite_messages": Target(_kite_messages, lambda: list(_KITE_MESSAGES)),
        "kite_answers": Target(_kite_answers, lambda: list(_KITE_ANSWERS)),
        "yahoo_answers": Target(_yahoo_answers, lambda: list(_YAHOO_ANSWERS)),
        "relay_bars": Target(_relay_bars, lambda: list(_RELAY_BARS)),
        "databento_bars": Target(_databento_bars, partial(_recorded, recordings / "databento", ".zst")),
        "databento_errors": Target(partial(refusal, 422), lambda: [_DATABENTO_ERROR]),
        "masters": Target(_master, partial(_heads, recordings)),
    }


def _decode(case: Case, frame: bytes) -> None:
    decoder, _, routes = judged(case)
    assert_total(decoder, routes, frame)


def _frames(case: Case, recordings: Path) -> list[bytes]:
    _, door, _ = judged(case)
    return frames_of(case, door) + _RECORDED.get(case.name, _nothing)(recordings)


def _nothing(_: Path) -> list[bytes]:
    return []


def _kite_frames(recordings: Path) -> list[bytes]:
    """Kite's own packets, which stand in their files as base64, each in a frame."""
    return [encode_frame([b64decode(packet)]) for packet in _recorded(recordings / "kite", ".packet")]


def _databento_streams(recordings: Path) -> list[bytes]:
    streams = map(zstandard.ZstdDecompressor().stream_reader, _recorded(recordings / "databento", ".zst"))
    return [stream.read(_LARGEST_SEED) for stream in streams]


_RECORDED: Final[Mapping[str, Callable[[Path], list[bytes]]]] = {
    "kite": _kite_frames,
    "kite_quote": _kite_frames,
    "yahoo": lambda recordings: _recorded(recordings / "yahoo", ".json"),
    "databento": _databento_streams,
}
"""Frames of a provider's own, beside those that its door sends."""


def _recorded(folder: Path, *suffixes: str) -> list[bytes]:
    files = [file for file in sorted(folder.rglob("*")) if file.suffix in suffixes]
    return [file.read_bytes() for file in files if file.stat().st_size <= _LARGEST_SEED]


def _depth(frame: bytes) -> None:
    decoder = DepthDecoder([_ROUTE])
    decode_depth(frame)
    for _, book in decoder.decode(frame + frame, NOON):
        assert all(level.price > 0 and level.quantity > 0 for level in (*book.bids, *book.asks))


def _books() -> list[bytes]:
    door, speech = door_of("simulator", world=False), DhanDepthSpeech()
    frames: list[bytes] = []
    for place, listing in enumerate(door.exchange.market.listings):
        trade = door.last(place)
        if trade is not None and speech.route(listing):
            frames.append(speech.frame(speech.encode(listing, trade, Mode.FULL)))
    return frames


def _dhan_answers(body: bytes) -> None:
    """An answer of any form is read, or refused as the provider's failure."""
    try:
        answer: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    for read in _DHAN_READERS:
        with suppress(ProviderError):
            read(answer)


_DHAN_READERS: Final[Sequence[Callable[[Any], object]]] = (
    dhan_charts.last_price_table,
    partial(dhan_charts.route_quotes, routes=[_ROUTE]),
    partial(dhan_charts.chart_candles, route=_ROUTE, timeframe="1m", source="dhan"),
    read_expiries,
    partial(read_chain, underlying=_ROUTE, expiry=date(2026, 11, 24), provider="dhan"),
)


def _kite_messages(text: bytes) -> None:
    with suppress(ValueError):  # as it says
        read_message(text)


def _kite_answers(body: bytes) -> None:
    with suppress(ProviderError):
        kite_charts.chart_candles(body, _ROUTE, "1m", "kite")
    with suppress(ProviderError):
        kite_charts.last_price_table(body)
    with suppress(ProviderError):
        for answer in kite_charts.quote_table(body).values():
            kite_charts.as_quote(answer, _ROUTE)


def _yahoo_answers(body: bytes) -> None:
    """Charts are not among them: ``yfinance`` reads those."""
    with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError, ProviderError):
        yahoo_charts.quote_table(msgspec.json.decode(body), [_APPLE])
    with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError, ProviderError):
        yahoo_charts.search_results(msgspec.json.decode(body))


def _relay_bars(text: bytes) -> None:
    for message in read_messages(text) or ():
        with suppress(ProviderError):
            read_bars(message)


def _databento_bars(body: bytes) -> None:
    reader = BarReader("1m")
    for start in range(0, len(body), 1_000):
        reader.take(body[start : start + 1_000])
    list(candles_of(reader.bars, _ROUTE, "1m", "databento"))
    reader.numbers()
    with suppress(ProviderError):
        reader.finish()


def _master(text: bytes) -> None:
    with suppress(ProviderError):
        read_master(text.decode("utf-8", "replace").splitlines(), Selection(date(2024, 1, 1)))


def _heads(recordings: Path) -> list[bytes]:
    """Headers and first lines of the recorded lists."""
    files = [file for name in ("dhan", "kite") for file in sorted(recordings.glob(f"{name}/*.csv"))]
    return [b"".join(file.read_bytes().splitlines(keepends=True)[:3]) for file in files]

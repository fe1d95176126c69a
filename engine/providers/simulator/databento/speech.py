"""DBN: what the gateway says of what was traded, in the vendor's bytes."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from struct import Struct
from typing import Final

import databento_dbn as dbn
import msgspec
from databento_dbn.metadata import MappingInterval

from engine.market.candle import Candle
from engine.providers.base import Mode
from engine.providers.databento.symbols import DATASETS, provider_symbol
from engine.providers.simulator.instruments import Listing
from engine.providers.simulator.tape import Event, Trade, ladder

SCHEMAS: Final = {"trades": Mode.TICKER, "tbbo": Mode.QUOTE, "mbp-1": Mode.FULL}
BAR_KINDS: Final = {"ohlcv-1s": 32, "ohlcv-1m": 33, "ohlcv-1h": 34, "ohlcv-1d": 35}

_TRADE: Final = Struct("<BBHIQqIccBBQiI")
_BOOK: Final = Struct("<qqIIII")
_BAR: Final = Struct("<BBHIQqqqqQ")
_WORD: Final = 4
_TRADE_KIND: Final = 0
_QUOTE_KIND: Final = 1
_PUBLISHER: Final = 1
_BILLION: Final = 1_000_000_000
_DELAY_NS: Final = 20_000
_FOUR_BYTES: Final = 0xFFFF_FFFF
_SECOND_NS: Final = 1_000_000_000
_LAST_IN_MESSAGE: Final = 128


class _Interval(msgspec.Struct):
    """A symbol's number, for some days; this and the next in the package's words."""

    start_date: date
    end_date: date
    symbol: str


class _Numbered(msgspec.Struct):
    raw_symbol: str
    intervals: Sequence[MappingInterval]


class DatabentoSpeech:
    """The records of one connection follow each other without any frame."""

    packets_per_frame = 500

    def route(self, listing: Listing) -> tuple[str, str] | None:
        """The exchange and Databento's symbol; None of what it does not carry, as all of India."""
        symbol = provider_symbol(listing.instrument) if listing.exchange in DATASETS else None
        return None if symbol is None else (listing.exchange, symbol)

    def encode(self, listing: Listing, event: Event, mode: Mode) -> list[bytes]:
        """One record a trade; the open interest has a schema of its own, which nobody asks for."""
        if not isinstance(event, Trade):
            return []
        return [_trade(listing, event) if mode is Mode.TICKER else _quote(listing, event)]

    def welcome(self, listing: Listing, trade: Trade, mode: Mode) -> list[bytes]:
        """Nothing: who wants what was traded before has to ask for it."""
        return []

    def frame(self, packets: Sequence[bytes]) -> bytes:
        return b"".join(packets)


def _trade(listing: Listing, trade: Trade) -> bytes:
    return _record(_TRADE_KIND, _TRADE.size, listing, trade)


def _quote(listing: Listing, trade: Trade) -> bytes:
    best = (trade.depth or ladder(listing, trade))[0]
    book = _BOOK.pack(
        _scaled(best.bid_price),
        _scaled(best.ask_price),
        best.bid_quantity,
        best.ask_quantity,
        best.bid_orders,
        best.ask_orders,
    )
    return _record(_QUOTE_KIND, _TRADE.size + _BOOK.size, listing, trade) + book


def _record(kind: int, size: int, listing: Listing, trade: Trade) -> bytes:
    return _TRADE.pack(
        size // _WORD,
        kind,
        _PUBLISHER,
        listing.security_id,
        trade.time_ns,
        _scaled(trade.price),
        min(trade.quantity, _FOUR_BYTES),
        b"T",
        b"B" if trade.time_ns & 1024 else b"A",
        _LAST_IN_MESSAGE,
        0,
        trade.time_ns + _DELAY_NS,
        _DELAY_NS,
        trade.time_ns // 1000 & _FOUR_BYTES,
    )


def encode_bar(listing: Listing, candle: Candle, kind: int) -> bytes:
    """One bar of history."""
    prices = map(_scaled, (candle.open, candle.high, candle.low, candle.close))
    return _BAR.pack(_BAR.size // _WORD, kind, _PUBLISHER, listing.security_id, candle.time, *prices, candle.volume)


def metadata(
    dataset: str, *, numbers: Mapping[str, int] | None = None, start_ns: int = 0, schema: str | None = None
) -> bytes:
    """The head of a stream; that of a range says which number each symbol goes by, a live one's does not."""
    first = datetime.fromtimestamp(start_ns // _SECOND_NS, UTC).date()
    mappings = [
        _Numbered(symbol, [_Interval(first, first + timedelta(days=1), str(number))])
        for symbol, number in (numbers or {}).items()
    ]
    return dbn.Metadata(
        dataset=dataset,
        start=start_ns,
        stype_in=None if schema is None else dbn.SType.from_str("raw_symbol"),
        stype_out=dbn.SType.from_str("instrument_id"),
        schema=None if schema is None else dbn.Schema.from_str(schema),
        symbols=list(numbers or {}),
        mappings=mappings,
    ).encode()


def mapping(symbol: str, listing: Listing, time_ns: int, *, stype: str) -> bytes:
    """Which number a symbol goes by in this session."""
    kinds = dbn.SType.from_str(stype), dbn.SType.from_str("raw_symbol")
    return bytes(
        dbn.SymbolMappingMsg(0, listing.security_id, time_ns, kinds[0], symbol, kinds[1], listing.symbol, 0, 0)
    )


def heartbeat(time_ns: int) -> bytes:
    return bytes(dbn.SystemMsg(time_ns, "Heartbeat", dbn.SystemCode.from_str("heartbeat")))


def complaint(time_ns: int, text: str, code: int) -> bytes:
    return bytes(dbn.ErrorMsg(time_ns, text, is_last=True, code=dbn.ErrorCode.from_int(code)))


def _scaled(price: float) -> int:
    return round(price * _BILLION)

"""Streams as Databento's gateway sends them, encoded by the vendor's own package."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import databento_dbn as dbn
import zstandard

from engine.providers.base import Route

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
NOW = int(datetime(2026, 11, 20, 15, 30, tzinfo=UTC).timestamp()) * SECOND

GOLD = Route("COMEX:GC", "COMEX", "GC.c.0", 0.1, "future", target="gold")
SILVER = Route("COMEX:SI", "COMEX", "SI.c.0", 0.005, "future", target="silver")
OIL = Route("NYMEX:CL", "NYMEX", "CL.c.0", 0.01, "future", target="oil")
APPLE = Route("NASDAQ:AAPL", "NASDAQ", "AAPL", 0.01, "equity", target="apple")
NUMBERS = {"GC.c.0": 7, "SI.c.0": 8, "CL.c.0": 9, "AAPL": 10}


def metadata(version: int = 3, dataset: str = "GLBX.MDP3") -> bytes:
    return dbn.Metadata(
        dataset=dataset, start=0, stype_in=None, stype_out=dbn.SType.INSTRUMENT_ID, schema=None, version=version
    ).encode()


def mapping(symbol: str, number: int | None = None, *, version: int = 3) -> bytes:
    number = NUMBERS[symbol] if number is None else number
    if version == 1:
        return bytes(dbn.SymbolMappingMsgV1(0, number, NOW, symbol, "GCZ6", 0, 0))
    kinds = dbn.SType.CONTINUOUS, dbn.SType.RAW_SYMBOL
    return bytes(dbn.SymbolMappingMsg(0, number, NOW, kinds[0], symbol, kinds[1], "GCZ6", 0, 0))


def begin(*symbols: str, version: int = 3) -> bytes:
    """What every connection begins with."""
    return metadata(version) + b"".join(mapping(symbol, version=version) for symbol in symbols)


def scaled(price: float | None) -> int:
    return dbn.UNDEF_PRICE if price is None else round(price * 1_000_000_000)


def trade(number: int = 7, price: float | None = 4081.5, size: int = 2, time_ns: int = NOW, **options: Any) -> bytes:
    fields = {"side": dbn.Side.BID, "depth": 0, "ts_recv": NOW + 100, "action": dbn.Action.TRADE} | options
    return bytes(dbn.TradeMsg(1, number, time_ns, scaled(price), size, **fields))


def quote(
    number: int = 7,
    price: float | None = 4081.5,
    size: int = 2,
    time_ns: int = NOW,
    *,
    bid: float | None = 4081.4,
    ask: float | None = 4081.6,
    action: dbn.Action = dbn.Action.TRADE,
) -> bytes:
    book = dbn.BidAskPair(scaled(bid), scaled(ask), 1, 1, 1, 1)
    return bytes(dbn.MBP1Msg(1, number, time_ns, scaled(price), size, action, dbn.Side.BID, 0, NOW + 100, levels=book))


def bar(number: int, time_ns: int, prices: tuple[float, float, float, float], volume: int, kind: int = 33) -> bytes:
    rtype = dbn.RType.from_int(kind)
    return bytes(dbn.OHLCVMsg(rtype, 1, number, time_ns, *map(scaled, prices), volume))


def heartbeat() -> bytes:
    return bytes(dbn.SystemMsg(NOW, "Heartbeat", dbn.SystemCode.HEARTBEAT))


def system(text: str, code: dbn.SystemCode) -> bytes:
    return bytes(dbn.SystemMsg(NOW, text, code))


def error(text: str, code: dbn.ErrorCode) -> bytes:
    return bytes(dbn.ErrorMsg(NOW, text, is_last=True, code=code))


def unpacked(path: Path) -> bytes:
    """A recorded file without its compression."""
    with path.open("rb") as file:
        return zstandard.ZstdDecompressor().stream_reader(file).read()

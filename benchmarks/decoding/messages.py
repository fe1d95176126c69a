"""The messages that both sides decode: prices that wander, volumes that rise, as each vendor writes them."""

import base64
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from random import Random

import databento_dbn as dbn

from benchmarks.frames import FIRST_ID, SEGMENT, QuoteMaker
from engine.providers.base import Route
from engine.providers.kite import codec as kite
from engine.providers.yahoo.pricing import pricing_type

INSTRUMENTS = 500
PRICES = 20_000
"""In one turn."""
PER_FRAME = 100
_TICK = 0.05
_TICK_IN_BILLIONTHS = 50_000_000
SESSION = 10_000
"""Trades of a session of Databento's."""


def routes_of(vendor: str) -> list[Route]:
    """What is subscribed."""
    if vendor == "yahoo":
        return [_route(number, "NSE", f"SIM{number}.NS") for number in range(INSTRUMENTS)]
    if vendor == "databento":
        return [_route(number, "CME", f"SIM{number}") for number in range(INSTRUMENTS)]
    return [_route(number, SEGMENT, str(FIRST_ID + number)) for number in range(INSTRUMENTS)]


def messages_of(vendor: str) -> list[bytes]:
    """What its server sends."""
    return list(_MAKERS[vendor]())


def joined(messages: Sequence[bytes], count: int) -> list[bytes]:
    """The same packets, so many in a frame."""
    return [b"".join(messages[start : start + count]) for start in range(0, len(messages), count)]


def _route(number: int, segment: str, security_id: str) -> Route:
    return Route(f"NSE:SIM{number}", segment, security_id, _TICK, "equity")


def _dhan() -> list[bytes]:
    return QuoteMaker(INSTRUMENTS).frames(PRICES, 1)


def _kite() -> Iterator[bytes]:
    """A hundred packets a frame; both parsers know how to take them."""
    packets = [kite.encode(packet) for packet in _kite_packets()]
    for start in range(0, len(packets), PER_FRAME):
        yield kite.encode_frame(packets[start : start + PER_FRAME])


def _kite_packets() -> Iterator[kite.QuotePacket]:
    for number, price, volume in _trades():
        token = kite.instrument_token(SEGMENT, str(FIRST_ID + number))
        paise = round(price * 100)
        yield kite.QuotePacket(token, paise, 10, paise, volume, 6, 5, 10_000, 400_000, 4_000, 150_000)


def _yahoo() -> Iterator[bytes]:
    now_ms = time.time_ns() // 1_000_000
    for number, price, volume in _trades():
        data = pricing_type()()
        data.id, data.price, data.time, data.day_volume = f"SIM{number}.NS", price, now_ms, volume
        data.exchange, data.quote_type, data.market_hours = "NSI", 8, 1
        data.change, data.change_percent, data.price_hint = 1.25, 0.5, 2
        yield json.dumps({"message": base64.b64encode(data.SerializeToString()).decode()}).encode()


def _databento() -> Iterator[bytes]:
    """Each message is a session: its metadata, what the numbers stand for, and trades, whose prices are exact."""
    now_ns = time.time_ns()
    header = dbn.Metadata(
        dataset="GLBX.MDP3", start=0, stype_in=None, stype_out=dbn.SType.INSTRUMENT_ID, schema=None, version=3
    ).encode()
    kinds = dbn.SType.RAW_SYMBOL, dbn.SType.INSTRUMENT_ID
    mappings = [
        bytes(dbn.SymbolMappingMsg(0, number + 1, now_ns, kinds[0], f"SIM{number}", kinds[1], f"SIM{number}", 0, 0))
        for number in range(INSTRUMENTS)
    ]
    trades = [
        bytes(
            dbn.TradeMsg(
                1, number + 1, now_ns + count, round(price / _TICK) * _TICK_IN_BILLIONTHS, 2, dbn.Action.TRADE, dbn.Side.BID, 0, now_ns, None,
                0, count,
            )
        )
        for count, (number, price, _) in enumerate(_trades())
    ]  # fmt: skip
    for start in range(0, len(trades), SESSION):
        yield b"".join([header, *mappings, *trades[start : start + SESSION]])


def _trades() -> Iterator[tuple[int, float, int]]:
    """Place of the instrument, price, running total of the day."""
    chance = Random(7)
    prices = [chance.uniform(50, 3000) for _ in range(INSTRUMENTS)]
    for count in range(PRICES):
        number = count % INSTRUMENTS
        prices[number] *= 1 + chance.gauss(0, 5e-4)
        yield number, prices[number], 100_000 + 10 * count


_MAKERS: dict[str, Callable[[], Iterable[bytes]]] = {
    "dhan": _dhan,
    "kite": _kite,
    "yahoo": _yahoo,
    "databento": _databento,
}

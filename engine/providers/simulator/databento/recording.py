"""Trades that a file of DBN holds, as a recording that the whole exchange can trade again."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from engine.providers.databento.metadata import symbol_numbers
from engine.providers.databento.records import PRICE_LIMIT, PRICE_SCALE, QUOTE, QUOTE_KIND, TRADE, TRADE_KIND, Framing
from engine.providers.simulator.databento.files import unpacked
from engine.providers.simulator.instruments import Listing
from engine.providers.simulator.recorded import PacketRecording
from engine.providers.simulator.tape import Trade
from engine.providers.simulator.world import world

_CONTRACT: Final = re.compile(r"(?P<root>[A-Z0-9]{1,3})[FGHJKMNQUVXZ]\d{1,2}")
_CENT: Final = 0.01
_TRADED: Final = b"T"


class DbnError(ValueError):
    """The file can not be traded again."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"{self.__doc__} {detail}")


def read_dbn(path: Path, *, shift_ns: int = 0) -> PacketRecording:
    """The trades of a file's first symbol; a contract is traded as the front month of its exchange."""
    framing = Framing()
    data, runs = framing.push(unpacked(path.read_bytes()))
    symbols = symbol_numbers(framing.metadata) if framing.metadata else {}
    if framing.broken or not symbols:
        raise DbnError(f"{path}: {framing.broken or 'it names no symbol'}")
    symbol, numbers = next(iter(symbols.items()))
    layouts = {(TRADE_KIND, TRADE.size): TRADE, (QUOTE_KIND, QUOTE.size): QUOTE}
    rows = (
        row
        for run in runs
        if (run.kind, run.size) in layouts
        for row in layouts[run.kind, run.size].iter_unpack(data[run.start : run.stop])
        if row[0] in numbers and row[4] == _TRADED and 0 < row[2] < PRICE_LIMIT
    )
    trades = list(_trades((row[1] + shift_ns, row[2] / PRICE_SCALE, row[3]) for row in rows))
    if not trades:
        raise DbnError(f"{path}: it holds no trades")
    return PacketRecording(_listing(symbol, numbers[0], trades[0].price), trades, volume_before=0)


def _trades(rows: Iterator[tuple[int, float, int]]) -> Iterator[Trade]:
    """With the running figures of the file, which is taken for one day."""
    volume, opened, high, low, turnover = 0, 0.0, 0.0, 0.0, 0.0
    for time_ns, price, size in rows:
        if not volume:
            opened, high, low = price, price, price
        volume, turnover, high, low = volume + size, turnover + price * size, max(high, price), min(low, price)
        average = turnover / volume if volume else price
        yield Trade(time_ns, price, size, average, volume, 0, 0, 0, 0, 0, opened, 0.0, high, low)


def _listing(symbol: str, number: int, price: float) -> Listing:
    contract = _CONTRACT.fullmatch(symbol)
    for listing in world():
        if listing.symbol == (contract["root"] if contract else symbol):
            return listing
    return Listing(
        instrument=f"NASDAQ:{symbol}",
        name=symbol,
        kind="equity",
        segment="NASDAQ",
        security_id=number,
        tick_size=_CENT,
        price=price,
    )

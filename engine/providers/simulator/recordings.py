"""Recordings read from files: Dhan's Full packets as a CSV holds them, and one-minute bars in two shapes."""

import csv
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import chain
from pathlib import Path
from typing import Final

import msgspec

from engine.providers.dhan.codec import DEPTH_LEVELS, DepthRow
from engine.providers.simulator.databento.recording import read_dbn
from engine.providers.simulator.division import Bar
from engine.providers.simulator.hours import INDIA_NS, SECOND_NS
from engine.providers.simulator.instruments import Listing, universe
from engine.providers.simulator.recorded import BarRecording, PacketRecording, Recording
from engine.providers.simulator.tape import Event, OpenInterest, Trade

NIFTY_DECEMBER_FUTURE: Final = Listing(
    instrument="NFO:NIFTY30DEC25FUT",
    name="NIFTY 30 Dec 2025 future",
    kind="future",
    segment="NSE_FNO",
    security_id=49_543,
    tick_size=0.1,
    lot_size=75,
    price=26_000.0,
    expiry=date(2025, 12, 30),
    underlying="NSE:NIFTY",
)
"""What the one public recording of Full packets holds."""
_GRIDS: Final = (0.1, 0.05, 0.01)

Row = Mapping[str, str]


class RecordingError(ValueError):
    """The recording can not be read."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"{self.__doc__} {detail}")


def read_recording(path: Path, *, seed: int = 1, trades_per_minute: float = 60, shift_ns: int = 0) -> Recording:
    """The recording of a file, told by its ending or its columns; ``shift_ns`` moves it in time."""
    if path.name.endswith((".dbn", ".dbn.zst")):
        return read_dbn(path, shift_ns=shift_ns)
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        raise RecordingError(f"{path} has no rows")
    columns = rows[0].keys()
    if {"time", "type", "ltp", "ltq", "atp"} <= columns:
        return read_packets(rows, NIFTY_DECEMBER_FUTURE, shift_ns=shift_ns)
    if {"Date", "Time", "Open"} <= columns or {"date", "open", "close"} <= columns:
        symbol = rows[0].get("Instrument") or path.stem.partition("_")[0]
        return _read_bars(rows, _listing(symbol), seed=seed, trades_per_minute=trades_per_minute, shift_ns=shift_ns)
    raise RecordingError(f"{path} has neither the columns of Full packets nor those of one-minute bars")


def read_packets(rows: Sequence[Row], listing: Listing, *, shift_ns: int = 0) -> PacketRecording:
    """Full packets of one instrument."""
    return PacketRecording(listing, [_event(row, shift_ns) for row in rows])


def _event(row: Row, shift_ns: int) -> Event:
    time_ns = _india(datetime.fromisoformat(row["time"])) + shift_ns
    if row["type"] == "oi":
        return OpenInterest(time_ns, int(row["oi"]))
    return Trade(
        time_ns,
        float(row["ltp"]),
        int(row["ltq"]),
        float(row["atp"]),
        int(row["volume"]),
        int(row["total_sell_qty"]),
        int(row["total_buy_qty"]),
        int(row["oi"]),
        0,
        0,
        float(row["open"]),
        float(row["close"]),
        float(row["high"]),
        float(row["low"]),
        tuple(_depth_row(row, level) for level in range(1, DEPTH_LEVELS + 1)),
    )


def _depth_row(row: Row, level: int) -> DepthRow:
    def whole(column: str) -> int:
        return int(row.get(f"{column}_{level}") or 0)

    return DepthRow(
        whole("bid_qty"),
        whole("ask_qty"),
        whole("bid_orders"),
        whole("ask_orders"),
        float(row[f"bid_price_{level}"]),
        float(row[f"ask_price_{level}"]),
    )


def _read_bars(
    rows: Sequence[Row], listing: Listing, *, seed: int, trades_per_minute: float, shift_ns: int
) -> BarRecording:
    named = [{column.lower(): value for column, value in row.items()} for row in rows]
    listing = msgspec.structs.replace(listing, tick_size=_tick_size(named))
    bars = {
        _bar_time(row) + shift_ns: (
            Bar(*(listing.ticks(float(row[price])) for price in ("open", "high", "low", "close"))),
            int(float(row.get("volume") or 0)),
        )
        for row in named
    }
    return BarRecording(listing, bars, seed=seed, trades_per_minute=trades_per_minute)


def _tick_size(rows: Sequence[Row]) -> float:
    """The coarsest grid all prices lie on: tick sizes have changed over the years."""
    prices = [
        float(price)
        for price in chain.from_iterable((row["open"], row["high"], row["low"], row["close"]) for row in rows)
    ]
    for grid in _GRIDS:
        inverse = round(1 / grid)
        if all(price == round(price * inverse) / inverse for price in prices):
            return grid
    raise RecordingError(f"its prices are not multiples of {_GRIDS[-1]}")


def _bar_time(row: Row) -> int:
    if "time" in row:
        return _india(datetime.strptime(f"{row['date']} {row['time']}", "%Y%m%d %H:%M").replace(tzinfo=UTC))
    moment = datetime.fromisoformat(row["date"])
    return _india(moment) if moment.tzinfo is None else int(moment.timestamp()) * SECOND_NS


def _india(wall: datetime) -> int:
    """The moment an Indian wall clock shows this, in ns UTC."""
    whole = wall.replace(microsecond=0, tzinfo=UTC)
    return int(whole.timestamp()) * SECOND_NS + wall.microsecond * 1000 - INDIA_NS


def _listing(symbol: str) -> Listing:
    """The listing of an index or equity by its symbol."""
    for listing in universe(1_000, date(2025, 1, 1)):
        if listing.symbol == symbol and listing.expiry is None:
            return listing
    raise RecordingError(f"no listed index or equity is called {symbol!r}")

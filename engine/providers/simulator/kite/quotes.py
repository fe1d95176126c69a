"""Kite's market quote calls: the last price, the day's prices, or everything, of many instruments at once."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from engine.providers.simulator.door import Door
from engine.providers.simulator.hours import INDIA_NS, SECOND_NS
from engine.providers.simulator.instruments import Listing
from engine.providers.simulator.kite.listing_table import ListingTable
from engine.providers.simulator.kite.names import kite_name
from engine.providers.simulator.kite.rest_errors import bad_input
from engine.providers.simulator.tape import Trade, ladder

_CIRCUIT: Final = 0.1


def market_quotes(door: Door, table: ListingTable, keys: Sequence[str], *, detail: str) -> dict[str, Any]:
    """Quotes by what was asked for, in the detail of ``ltp``, ``ohlc`` or ``quote``; unknown instruments are absent."""
    tell, most = _DETAILS[detail]
    if len(keys) > most:
        raise bad_input(f"at most {most} instruments in one call")
    data: dict[str, Any] = {}
    for key in keys:
        place = table.place(key)
        trade = None if place is None else door.last(place)
        if place is not None and trade is not None:
            data[key] = tell(door.exchange.market.listings[place], trade)
    return data


def _ltp(listing: Listing, trade: Trade) -> dict[str, Any]:
    name = kite_name(listing)
    return {"instrument_token": name.token if name else 0, "last_price": trade.price}


def _ohlc(listing: Listing, trade: Trade) -> dict[str, Any]:
    prices = {"open": trade.day_open, "high": trade.day_high, "low": trade.day_low, "close": trade.previous_close}
    return {**_ltp(listing, trade), "ohlc": prices}


def _quote(listing: Listing, trade: Trade) -> dict[str, Any]:
    moment = f"{datetime.fromtimestamp((trade.time_ns + INDIA_NS) // SECOND_NS, UTC):%Y-%m-%d %H:%M:%S}"
    quote = {**_ohlc(listing, trade), "timestamp": moment, "net_change": 0}
    if listing.kind == "index":
        return quote
    return {
        **quote,
        "last_trade_time": moment,
        "last_quantity": trade.quantity,
        "buy_quantity": trade.buy_quantity,
        "sell_quantity": trade.sell_quantity,
        "volume": trade.volume,
        "average_price": trade.average_price,
        "oi": trade.open_interest,
        "oi_day_high": trade.highest_open_interest,
        "oi_day_low": trade.lowest_open_interest,
        "lower_circuit_limit": round(trade.previous_close * (1 - _CIRCUIT), 2),
        "upper_circuit_limit": round(trade.previous_close * (1 + _CIRCUIT), 2),
        "depth": _depth(listing, trade),
    }


def _depth(listing: Listing, trade: Trade) -> dict[str, list[dict[str, float]]]:
    rows = ladder(listing, trade) if trade.depth is None else trade.depth
    return {
        "buy": [{"price": row.bid_price, "quantity": row.bid_quantity, "orders": row.bid_orders} for row in rows],
        "sell": [{"price": row.ask_price, "quantity": row.ask_quantity, "orders": row.ask_orders} for row in rows],
    }


_Tell = Callable[[Listing, Trade], dict[str, Any]]
_DETAILS: Final[dict[str, tuple[_Tell, int]]] = {"ltp": (_ltp, 1_000), "ohlc": (_ohlc, 1_000), "quote": (_quote, 500)}

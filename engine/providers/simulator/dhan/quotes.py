"""Dhan's market quote calls: the last price, the day's prices, or everything, of many instruments at once."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from engine.providers.simulator.dhan.rest_errors import RestError
from engine.providers.simulator.door import Door
from engine.providers.simulator.hours import INDIA_NS, SECOND_NS
from engine.providers.simulator.instruments import Listing
from engine.providers.simulator.tape import Trade, ladder

_MOST_INSTRUMENTS: Final = 1_000
_CLIENT_FIELD: Final = "dhanClientId"
_CIRCUIT: Final = 0.1


def market_quotes(door: Door, body: bytes, *, detail: str) -> dict[str, Any]:
    """Quotes by segment and id, in the detail of ``ltp``, ``ohlc`` or ``quote``; unknown instruments are absent."""
    wanted = _decode(body)
    if sum(map(len, wanted.values())) > _MOST_INSTRUMENTS:
        raise RestError("DH-905", f"at most {_MOST_INSTRUMENTS} instruments in one call")
    tell = _DETAILS[detail]
    data: dict[str, dict[str, Any]] = {}
    for segment, security_ids in wanted.items():
        for security_id in security_ids:
            index = door.places.get((segment, str(security_id)))
            trade = None if index is None else door.last(index)
            if index is not None and trade is not None:
                listing = door.exchange.market.listings[index]
                data.setdefault(segment, {})[str(security_id)] = tell(listing, trade)
    return {"data": data, "status": "success"}


def _decode(body: bytes) -> dict[str, list[int]]:
    try:
        fields = msgspec.json.decode(body, type=dict[str, Any])
        fields.pop(_CLIENT_FIELD, None)
        return msgspec.convert(fields, dict[str, list[int]])
    except msgspec.MsgspecError as error:
        raise RestError("DH-905", str(error)) from error


def _ltp(_listing: Listing, trade: Trade) -> dict[str, Any]:
    return {"last_price": trade.price}


def _ohlc(_listing: Listing, trade: Trade) -> dict[str, Any]:
    prices = {"open": trade.day_open, "close": trade.previous_close, "high": trade.day_high, "low": trade.day_low}
    return {"last_price": trade.price, "ohlc": prices}


def _quote(listing: Listing, trade: Trade) -> dict[str, Any]:
    return {
        **_ohlc(listing, trade),
        "average_price": trade.average_price,
        "buy_quantity": trade.buy_quantity,
        "sell_quantity": trade.sell_quantity,
        "depth": _depth(listing, trade),
        "last_quantity": trade.quantity,
        "last_trade_time": f"{datetime.fromtimestamp((trade.time_ns + INDIA_NS) // SECOND_NS, UTC):%d/%m/%Y %H:%M:%S}",
        "lower_circuit_limit": round(trade.previous_close * (1 - _CIRCUIT), 2),
        "upper_circuit_limit": round(trade.previous_close * (1 + _CIRCUIT), 2),
        "net_change": round(trade.price - trade.previous_close, 2),
        "volume": trade.volume,
        "oi": trade.open_interest,
        "oi_day_high": trade.highest_open_interest,
        "oi_day_low": trade.lowest_open_interest,
    }


def _depth(listing: Listing, trade: Trade) -> dict[str, list[dict[str, float]]]:
    rows = ladder(listing, trade) if trade.depth is None else trade.depth
    return {
        "buy": [{"quantity": row.bid_quantity, "orders": row.bid_orders, "price": row.bid_price} for row in rows],
        "sell": [{"quantity": row.ask_quantity, "orders": row.ask_orders, "price": row.ask_price} for row in rows],
    }


_DETAILS: Final = {"ltp": _ltp, "ohlc": _ohlc, "quote": _quote}

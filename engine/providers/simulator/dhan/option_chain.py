"""Dhan's option chain and expiry list, of the options that the exchange lists."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import msgspec

from engine.providers.simulator.dhan.rest_errors import RestError
from engine.providers.simulator.door import Door
from engine.providers.simulator.hours import indian_date
from engine.providers.simulator.instruments import Listing
from engine.providers.simulator.pricing import VOLATILITY, rule
from engine.providers.simulator.tape import Trade, ladder

_NUDGE: Final = 20
"""Ticks by which the underlying is moved to see what an option makes of it."""


class _ExpiryRequest(msgspec.Struct, rename="pascal"):
    underlying_scrip: int
    underlying_seg: str


class _ChainRequest(_ExpiryRequest, rename="pascal"):
    expiry: str


def expiry_list(door: Door, body: bytes) -> dict[str, Any]:
    """The days on which options of an underlying expire, the next one first."""
    request = _decode(body, _ExpiryRequest)
    _, underlying = _underlying(door, request)
    expiries = {option.expiry for _, option in _options(door, underlying) if option.expiry}
    return {"data": [expiry.isoformat() for expiry in sorted(expiries)], "status": "success"}


def option_chain(door: Door, body: bytes) -> dict[str, Any]:
    """The options of an underlying that expire on a day, by strike; a side that is not listed is absent."""
    request = _decode(body, _ChainRequest)
    place, underlying = _underlying(door, request)
    expiry = _date(request.expiry)
    trade = door.last(place)
    strikes: dict[str, dict[str, Any]] = {}
    for index, option in _options(door, underlying):
        told = door.last(index)
        if option.expiry == expiry and trade is not None and told is not None:
            side = (option.option_type or "").lower()
            strikes.setdefault(f"{option.strike:.6f}", {})[side] = _leg(option, told, underlying, trade)
    if not strikes or trade is None:
        raise RestError("DH-907")
    return {"data": {"last_price": trade.price, "oc": strikes}, "status": "success"}


def _leg(option: Listing, trade: Trade, underlying: Listing, base: Trade) -> dict[str, Any]:
    best = (ladder(option, trade) if trade.depth is None else trade.depth)[0]
    return {
        "average_price": trade.average_price,
        "greeks": {"delta": _delta(option, underlying, base), "theta": 0.0, "gamma": 0.0, "vega": 0.0},
        "implied_volatility": VOLATILITY * 100,
        "last_price": trade.price,
        "oi": trade.open_interest,
        "previous_close_price": trade.previous_close,
        "previous_oi": _previous_interest(trade),
        "previous_volume": 0,
        "security_id": option.security_id,
        "top_ask_price": best.ask_price,
        "top_ask_quantity": best.ask_quantity,
        "top_bid_price": best.bid_price,
        "top_bid_quantity": best.bid_quantity,
        "volume": trade.volume,
    }


def _previous_interest(trade: Trade) -> int:
    """The open interest that the day began with. It moves one way all day, so it began at the end where it is not now."""
    at_highest = trade.open_interest == trade.highest_open_interest
    return trade.lowest_open_interest if at_highest else trade.highest_open_interest


def _delta(option: Listing, underlying: Listing, base: Trade) -> float:
    """By how much the option moves when its underlying moves by one."""
    worth = rule(option, underlying, indian_date(base.time_ns))
    ticks = underlying.ticks(base.price)
    moved = option.rupees(worth(ticks + _NUDGE)) - option.rupees(worth(ticks - _NUDGE))
    return moved / underlying.rupees(2 * _NUDGE)


def _options(door: Door, underlying: Listing) -> Iterator[tuple[int, Listing]]:
    for index, listing in enumerate(door.exchange.market.listings):
        if listing.kind == "option" and listing.underlying == underlying.instrument:
            yield index, listing


def _underlying(door: Door, request: _ExpiryRequest) -> tuple[int, Listing]:
    place = door.places.get((request.underlying_seg, str(request.underlying_scrip)))
    if place is None:
        raise RestError("DH-905", "no such underlying")
    return place, door.exchange.market.listings[place]


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise RestError("DH-905", f"expected an Expiry of YYYY-MM-DD, was {text!r}") from error


def _decode(body: bytes, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as error:
        raise RestError("DH-905", str(error)) from error

"""What changed of an instrument since the last flush, and its form as keys and values."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from engine.market.candle import Candle
from engine.storage.hot import keys
from engine.storage.hot.codec import live_json
from engine.storage.hot.link import Value
from engine.storage.packing import pack


class InstrumentReport(msgspec.Struct, frozen=True, gc=False):
    """One instrument's newest values, as its actor tells them to the writer."""

    instrument: str
    segment_key: str
    """``NSE_EQ:1333``; empty when no provider maps the instrument now: then no price is written."""
    price: float
    quote: Mapping[str, Any]
    """The fields of the contract's quote."""
    state: Mapping[str, Any]
    """What the actor resumes from; any plain values."""
    forming: tuple[Candle, ...] = ()
    """One minute for all; every timeframe for watched instruments."""
    watched: bool = False


def with_expiries(reports: Iterable[InstrumentReport]) -> tuple[list[str], list[Value]]:
    """Keys and arguments for the script that sets many: the values, then (count, seconds) of each group."""
    names: dict[int, list[str]] = {keys.PRICE_EXPIRY_S: [], keys.DAY_S: []}
    values: dict[int, list[Value]] = {keys.PRICE_EXPIRY_S: [], keys.DAY_S: []}
    price_names, day_names = names[keys.PRICE_EXPIRY_S], names[keys.DAY_S]
    prices, day_values = values[keys.PRICE_EXPIRY_S], values[keys.DAY_S]
    for report in reports:
        instrument = report.instrument
        if report.segment_key:
            price_names.append(keys.price(report.segment_key))
            prices.append(report.price)
        day_names += (keys.quote(instrument), keys.state(instrument))
        day_values += (pack(report.quote), pack(report.state))
        for candle in report.forming:
            expiry = keys.live_expiry_s(candle.timeframe)
            names.setdefault(expiry, []).append(keys.live_candle(instrument, candle.timeframe))
            values.setdefault(expiry, []).append(live_json(candle))
    groups = [part for expiry, group in names.items() for part in (len(group), expiry)]
    every_name = [name for group in names.values() for name in group]
    return every_name, [*(value for group in values.values() for value in group), *groups]

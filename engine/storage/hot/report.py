"""What changed of an instrument since the last flush, and its form as keys and values."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from engine.market.candle import Candle
from engine.storage.hot import keys
from engine.storage.hot.codec import live_json
from engine.storage.hot.setting import Pairs
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
    unattributed: int = 0
    """Volume of the totals that entered no candle, in all; below zero where the provider took some back."""
    corrections: int = 0
    """Totals that were smaller than one before, in all."""


def by_expiry(reports: Iterable[InstrumentReport]) -> dict[int, Pairs]:
    """The keys and values of reports, grouped by the seconds that they live."""
    prices: Pairs = []
    lasting: Pairs = []
    groups: dict[int, Pairs] = {keys.PRICE_EXPIRY_S: prices, keys.DAY_S: lasting}
    for report in reports:
        instrument = report.instrument
        if report.segment_key:
            prices += (keys.price(report.segment_key), report.price)
        lasting += (keys.quote(instrument), pack(report.quote), keys.state(instrument), pack(report.state))
        for candle in report.forming:
            name = keys.live_candle(instrument, candle.timeframe)
            groups.setdefault(keys.live_expiry_s(candle.timeframe), []).extend((name, live_json(candle)))
    return groups

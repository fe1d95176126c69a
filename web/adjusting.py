"""Adjusted views: candles as they would have been with today's shares, on their way out; what is kept never changes."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from engine.market import Calendar
from engine.market.adjustment import Adjuster, Adjustment
from engine.market.candle import Candle
from web.choices import choice
from web.services import Services

_UNKNOWN: Final = "no close before it is kept that is higher"


class NotAdjusted(msgspec.Struct, frozen=True):
    """A dividend that the prices before it are not adjusted for."""

    symbol: str
    ex_date: str
    amount: float | None
    reason: str


class Adjusting(msgspec.Struct, frozen=True):
    """What some instruments' candles are adjusted for."""

    adjustment: Adjustment
    adjusters: Mapping[str, Adjuster] = {}
    """Of those that have actions."""

    def shown(self, instrument: str, candles: Sequence[Candle], calendar: Calendar) -> Sequence[Candle]:
        """The candles of an instrument as the view has them."""
        adjuster = self.adjusters.get(instrument)
        if adjuster is None:
            return candles
        return [adjuster.adjusted(candle, calendar.session_date(candle.time)) for candle in candles]

    def unknown(self, symbols: Mapping[str, str]) -> list[NotAdjusted]:
        """What was left out, by symbols as they were written."""
        return [
            NotAdjusted(symbols[instrument], action.ex_date.isoformat(), action.amount, _UNKNOWN)
            for instrument, adjuster in self.adjusters.items()
            for action in adjuster.unknown
        ]


RAW: Final = Adjusting(Adjustment.RAW)


async def adjusting(
    rules: Services, instruments: Iterable[str], word: str, moments: Mapping[str, int] | None = None
) -> Adjusting:
    """By the actions whose ex-dates have come at the exchange, now or at an instrument's moment (ns UTC)."""
    adjustment = Adjustment(choice("adjustment", word, tuple(Adjustment)))
    if adjustment is Adjustment.RAW:
        return RAW
    now_ns, zone = rules.system.clock.now_ns(), rules.directory.zone
    adjusters: dict[str, Adjuster] = {}
    for name, known in (await rules.durable.corporate_actions.known(list(instruments))).items():
        until_ns = (moments or {}).get(name, now_ns)
        until = datetime.fromtimestamp(until_ns // 1_000_000_000, zone(name)).date()
        adjusters[name] = Adjuster(known, adjustment, until, zone(name))
    return Adjusting(adjustment, adjusters)

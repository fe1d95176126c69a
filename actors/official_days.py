"""The official days: what an exchange says of whole days, by way of an instrument's providers."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

import msgspec

from actors.routes import Routes
from actors.sources import FOR_GOOD
from engine.market import Calendars, Candle, TradingDay
from engine.market.after_hours import midnights_ns
from engine.providers.base import History, ProviderError


class Told(NamedTuple):
    """What an instrument's providers say of some days."""

    bars: dict[date, Candle]
    silent: ProviderError | None
    """Of one that may have what is lacking, and did not answer; None where all did."""


class OfficialDays:
    """Asks the preferred provider first, and the others for what it does not have; behind all that is urgent."""

    def __init__(self, histories: Mapping[str, History], routes: Routes, calendars: Calendars) -> None:
        self._histories = histories
        self._routes = routes
        self._calendars = calendars

    async def of(self, instrument: str, days: Sequence[TradingDay]) -> dict[date, Candle]:
        """The bars of these days, as far as somebody has them; each opens with its day's first session.

        Raises ProviderError where one that may have what is lacking does not answer now.
        """
        told = await self.told(instrument, days)
        if told.silent is not None and len(told.bars) < len(days):
            raise told.silent
        return told.bars

    async def told(self, instrument: str, days: Sequence[TradingDay]) -> Told:
        """The same, with who may have the rest. Raises ProviderError only where nobody has told of any."""
        self._routes.require_any()
        found: dict[date, Candle] = {}
        silent: list[ProviderError] = []
        for provider, route in self._routes.of(instrument):
            lacking = [day for day in days if day.date not in found]
            history = self._histories[provider]
            if not lacking or not history.limits.offers("1d"):
                continue
            span = midnights_ns(self._calendars.of(instrument), lacking[0].date, lacking[-1].date)
            try:
                candles = await history.candles(route, "1d", *span, patient=True)
            except ProviderError as error:
                if error.advice not in FOR_GOOD:
                    silent.append(error)
                continue
            found |= self._by_date(instrument, lacking, candles)
        if silent and not found:
            raise silent[0]
        return Told(found, next(iter(silent), None))

    def _by_date(self, instrument: str, days: Sequence[TradingDay], candles: Sequence[Candle]) -> dict[date, Candle]:
        calendar, opens = self._calendars.of(instrument), {day.date: day.start_ns for day in days}
        dated = ((calendar.local_date(candle.time), candle) for candle in candles)
        return {day: msgspec.structs.replace(candle, time=opens[day]) for day, candle in dated if day in opens}

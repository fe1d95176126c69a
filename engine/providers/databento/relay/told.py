"""Bars that the feed was told of, kept a while: they complete a history that is asked for soon after."""

from collections import OrderedDict, defaultdict
from collections.abc import Mapping
from typing import Any, Final

from engine.providers.base import ProviderError
from engine.providers.databento.relay.messages import LENGTHS, SYMBOLS, Bar, read_bar

_KEPT: Final = 600
"""Bars of a symbol and timeframe: ten hours of minutes."""


class ToldBars:
    """The newest bars by symbol and timeframe. The last of each still forms, and is never given out."""

    def __init__(self) -> None:
        self._bars: defaultdict[tuple[str, str], OrderedDict[int, Bar]] = defaultdict(OrderedDict)

    def take(self, message: Mapping[str, Any]) -> None:
        """Remember the bar of a ``candle`` message; one that can not be read is passed over."""
        symbol, timeframe = message.get("symbol"), message.get("timeframe")
        if symbol not in SYMBOLS or timeframe not in LENGTHS:
            return
        try:
            bar = read_bar(message.get("data"))
        except ProviderError:
            return
        bars = self._bars[symbol, timeframe]
        bars[bar.time_ns] = bar
        if len(bars) > _KEPT:
            bars.popitem(last=False)

    def closed(self, symbol: str, timeframe: str) -> list[Bar]:
        """Those that a later one has followed."""
        if (symbol, timeframe) not in self._bars:
            return []
        bars = self._bars[symbol, timeframe]
        newest_ns = max(bars)
        return [bar for bar in bars.values() if bar.time_ns < newest_ns]

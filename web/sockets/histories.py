"""Histories: the newest candles before a chart begins to follow, read for a few clients at a time."""

import asyncio
from collections.abc import Callable

import msgspec

from engine.market.calendar import Calendar
from engine.market.candle import Candle
from engine.market.portions import portion
from engine.market.views import View
from engine.storage.history import HOT, CandleReader

AT_ONCE = 4
"""Histories read at a time in one process: the stores and this loop are there for the prices first."""
READ_S = 10.0
PORTIONS = 4
"""How often it is looked further back: at last over 85 times as many buckets as bars were asked for."""


class HistoryError(Exception):
    """The history can not be read now:"""

    def __init__(self, detail: str) -> None:
        super().__init__(f"{self.__doc__} {detail}")


class History(msgspec.Struct, frozen=True):
    """Candles as a chart shows them, oldest first, the forming one among them."""

    candles: list[Candle]
    missing: tuple[str, ...]
    """The stores that could not be read."""


class Histories:
    """Reads both stores. Whoever waits for its turn can be cancelled like whoever reads."""

    def __init__(
        self, reader: Callable[[], CandleReader], calendar_of: Callable[[str], Calendar], now_ns: Callable[[], int]
    ) -> None:
        self._reader = reader
        self._calendar_of = calendar_of
        self._now_ns = now_ns
        self._room = asyncio.Semaphore(AT_ONCE)

    async def newest(self, instrument: str, timeframe: str, bars: int, view: View | None) -> History:
        """The newest ``bars`` candles. Raises HistoryError, or StorageError when both stores are away.

        Without Redis there is none: what closed last is only there, and the chart could not go on from it.
        """
        async with self._room:
            try:
                async with asyncio.timeout(READ_S):
                    found = await self._read(instrument, timeframe, bars + 1)  # one more, for a view to go on from
            except TimeoutError as error:
                raise HistoryError(f"the stores took longer than {READ_S:g} s.") from error
        if HOT in found.missing:
            raise HistoryError("the hot store is away.")
        shown = found.candles if view is None else view.of(found.candles, self._calendar_of(instrument))
        return History(shown[-bars:], found.missing)

    async def _read(self, instrument: str, timeframe: str, limit: int) -> History:
        """From now backwards; where trade is thin, each portion is longer than the one before."""
        reader, calendar = self._reader(), self._calendar_of(instrument)
        candles: list[Candle] = []
        missing: tuple[str, ...] = ()
        end_ns, size = self._now_ns() + 1, limit
        for _ in range(PORTIONS):
            start_ns, _ = portion(calendar, timeframe, 0, end_ns, size, newest_first=True)
            found = await reader.rows(instrument, timeframe, start_ns, end_ns)
            candles = [*found.candles, *candles]
            missing += tuple(store for store in found.missing if store not in missing)
            if len(candles) >= limit:
                break
            end_ns, size = start_ns, 4 * size
        return History(candles[-limit:], missing)

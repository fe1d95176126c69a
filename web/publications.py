"""Publications: the candles as they were published at a time, also those that PostgreSQL has not been told of yet."""

from collections.abc import AsyncIterator, Iterable

from actors.channels import decode_candle_event
from engine.market.candle import Candle
from engine.storage.durable import DurableStore
from engine.storage.hot import HotStore

MARGIN_NS = 60_000_000_000
"""What was published so long before the persister's checkpoint has been saved for certain."""
EVENTS_A_READ = 2_000
_MS_NS = 1_000_000


class Publications:
    """Reads the record of what was published; of the last minutes also what only Redis and its events know."""

    def __init__(self, hot: HotStore, durable: DurableStore) -> None:
        self._hot = hot
        self._durable = durable

    async def candles(self, instrument: str, timeframe: str, start_ns: int, end_ns: int, as_of_ns: int) -> list[Candle]:
        """The candles that open in [start, end), of each the newest revision published by then; oldest first."""
        saved = await self._durable.candles_as_of(instrument, timeframe, start_ns, end_ns, as_of_ns)
        saved_ns = await self._durable.checkpoint() - MARGIN_NS
        if as_of_ns <= saved_ns:
            return saved
        hot = await self._hot.candles(instrument, timeframe, start_ns, end_ns)
        told = [candle async for candle in self._told(saved_ns, as_of_ns)]
        young = [one for one in (*hot, *told) if (one.instrument, one.timeframe) == (instrument, timeframe)]
        known = [one for one in young if start_ns <= one.time < end_ns and 0 < one.published_ns <= as_of_ns]
        return _newest([*saved, *known])

    async def _told(self, after_ns: int, until_ns: int) -> AsyncIterator[Candle]:
        """What the engine told clients in that time."""
        position = f"{max(0, after_ns // _MS_NS)}-0"
        while entries := await self._hot.read_events(position, EVENTS_A_READ):
            for _, payload in entries:
                candle = decode_candle_event(payload)
                if candle is not None:
                    yield candle
            position, _ = entries[-1]
            if int(position.partition("-")[0]) * _MS_NS > until_ns + MARGIN_NS:
                return


def _newest(candles: Iterable[Candle]) -> list[Candle]:
    """One of each bucket, the highest revision; of equal ones the first."""
    newest: dict[int, Candle] = {}
    for candle in candles:
        known = newest.get(candle.time)
        if known is None or candle.revision > known.revision:
            newest[candle.time] = candle
    return [newest[time] for time in sorted(newest)]

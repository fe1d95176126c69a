"""What was published since a position, as the stores have it: for clients whose position the stream has dropped."""

from collections.abc import Sequence

import msgspec

from engine.market.candle import Candle, CandleState
from engine.market.timeframe import length_s
from engine.storage.durable import DurableStore
from engine.storage.hot import EventsWindow, HotStore
from web.hub import TELLING_MS, Resumption, order
from web.protocol import Kind

RECOVERABLE = frozenset({Kind.CANDLE, Kind.STATUS})
"""Candles are kept; of statuses the newest are told anyway. Alerts and jobs of the past are not kept as they were told."""
MOST_CHANNELS = 200
"""Candle channels of one client; who follows more is better off with a snapshot, and the database, too."""
LONGEST_MS = 86_400_000
MOST_CANDLES = 20_000
SAVED_MARGIN_MS = 60_000
"""What was published so long before the persister's checkpoint has been saved for certain."""
_MS_NS = 1_000_000
_SECOND_NS = 1_000_000_000
_FOR_EVER_NS = 2**62


class Stretch(msgspec.Struct, frozen=True):
    """From when on the stream is read, and until when only PostgreSQL is sure to have everything; ms."""

    stream_from_ms: int
    saved_ms: int


class StoredCandles:
    """Reads candles by their time of publication, of PostgreSQL and of the youngest in Redis."""

    def __init__(self, hot: HotStore, durable: DurableStore) -> None:
        self._hot = hot
        self._durable = durable

    async def stretch(self, window: EventsWindow, ones: Sequence[Resumption]) -> Stretch | None:
        """How the stores and the stream together reach back to all these positions; None when nobody can say they do.

        The stream must go on from where the database ends, or from before the positions: a Redis that was emptied knows
        nothing of what came between.
        """
        saved_ms = await self._durable.checkpoint() // _MS_NS - SAVED_MARGIN_MS
        first, since = order(window.first_id), min(order(one.since.offset) for one in ones)
        if (0, 0) < first <= since:  # to the very entry: others of the same millisecond may have been dropped
            return Stretch(since[0], saved_ms)
        return Stretch(saved_ms, saved_ms) if 0 < first[0] <= saved_ms else None

    async def read(self, ones: Sequence[Resumption], stretch: Stretch, now_ns: int) -> list[Candle]:
        """Candles of these clients' channels that were published since the oldest of their positions, perhaps some more."""
        since_ms = min(order(one.since.offset)[0] for one in ones) - TELLING_MS
        found: list[Candle] = []
        for timeframe, instruments in _places(ones).items():
            names = sorted(instruments)
            found += await self._durable.candles_published(names, timeframe, since_ms * _MS_NS, MOST_CANDLES + 1)
            young_ns = min(since_ms, stretch.saved_ms) * _MS_NS - 2 * length_s(timeframe) * _SECOND_NS
            for name in names:
                young = await self._hot.candles(name, timeframe, max(0, young_ns), _FOR_EVER_NS)
                found += [one for one in young if one.published_ns > since_ms * _MS_NS]
        settled_ns = now_ns - TELLING_MS * _MS_NS  # what is younger the stream tells
        return [one for one in found if one.state is not CandleState.FORMING and one.published_ns <= settled_ns]


def hopeful(one: Resumption, window: EventsWindow, now_ms: int) -> bool:
    """Whether everything this client follows could be had of the stores.

    Not after a restart of Redis: what it lost of its last second may come to the database later, and nobody would tell.
    """
    if one.since.epoch.partition(".")[0] != window.epoch.partition(".")[0]:
        return False
    candles = sum(channel.kind is Kind.CANDLE for channel, _ in one.channels)
    recent = order(one.since.offset)[0] > now_ms - LONGEST_MS
    return recent and candles <= MOST_CHANNELS and all(channel.kind in RECOVERABLE for channel, _ in one.channels)


def _places(ones: Sequence[Resumption]) -> dict[str, set[str]]:
    """Instruments by timeframe."""
    places: dict[str, set[str]] = {}
    for one in ones:
        for channel, instrument in one.channels:
            if channel.kind is Kind.CANDLE:
                places.setdefault(channel.timeframe, set()).add(instrument)
    return places

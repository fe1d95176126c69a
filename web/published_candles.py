"""Published candles: those of a request as they were published at a time, also what PostgreSQL has not been told of yet."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from actors.channels import decode_candle_event
from engine.market import Calendar, Candle, Session, Verdict
from engine.market.ledger import Evidence, LedgerGap, gaps_of, is_sound, read_ledger
from engine.storage.durable import ARCHIVED, DurableStore
from engine.storage.history import CandleRange
from engine.storage.hot import HotStore
from engine.storage.ledger import CLOSED_NS
from web.hub import order

EVENTS: Final = "events"
"""What lacks when the stream has dropped events that PostgreSQL has not been told of."""
MARGIN_NS: Final = 60_000_000_000
"""What was published so long before the persister's checkpoint has been saved for certain."""
EVENTS_A_READ: Final = 1_000
"""Decoding them holds the loop for some milliseconds."""
_MS_NS: Final = 1_000_000


class _Unsaved(msgspec.Struct, frozen=True):
    """What the engine told since the record in PostgreSQL ends for certain."""

    since_ns: int
    candles: Mapping[str, Sequence[Candle]]
    """By instrument, of the timeframe in question."""
    whole: bool
    """Whether the stream still had all of it."""


class PublishedCandles:
    """Candles of one timeframe as they were published, of each instrument by its own time ``as_of_ns``.

    One object a request: the stream of events, 100,000 of all symbols, is read once and as far as it stood then.
    """

    def __init__(self, hot: HotStore, durable: DurableStore, timeframe: str, as_of_ns: Mapping[str, int]) -> None:
        self._hot = hot
        self._durable = durable
        self._timeframe = timeframe
        self.as_of_ns = as_of_ns
        self._unsaved: _Unsaved | None = None

    async def candles(self, instrument: str, start_ns: int, end_ns: int) -> CandleRange:
        """The candles that open in [start, end), of each the newest revision published by then; oldest first."""
        unsaved = self._unsaved = self._unsaved or await self._read_unsaved()
        as_of_ns = self.as_of_ns[instrument]
        saved = await self._durable.candles_as_of(instrument, self._timeframe, start_ns, end_ns, as_of_ns)
        if as_of_ns <= unsaved.since_ns:
            return CandleRange(saved)
        hot = await self._hot.candles(instrument, self._timeframe, start_ns, end_ns)
        young = [*hot, *unsaved.candles.get(instrument, ())]
        known = [one for one in young if start_ns <= one.time < end_ns and 0 < one.published_ns <= as_of_ns]
        return CandleRange(_newest([*saved, *known]), () if unsaved.whole else (EVENTS,))

    async def gaps(
        self, instrument: str, calendar: Calendar, span: tuple[int, int], published: CandleRange
    ) -> list[LedgerGap] | None:
        """What was over and not published by then, but for minutes that have a verdict *now*; None when nobody can say.

        Of a minute only its newest verdict is kept, so nobody knows what had been decided of it by then. A longer
        bucket is there when its own candle was published.
        """
        if published.degraded:
            return None
        verdicts = (await self._durable.verdicts([instrument], *span)).get(instrument, ())
        archived_ns = await self._durable.checkpoint(ARCHIVED)
        told = _evidence(calendar, self._timeframe, published.candles, verdicts)
        known = msgspec.structs.replace(told, archived_ns=archived_ns)
        settled_ns = self.as_of_ns[instrument] - CLOSED_NS
        return gaps_of(read_ledger(calendar, self._timeframe, *span, known, settled_ns=settled_ns))

    async def _read_unsaved(self) -> _Unsaved:
        """Before anything saved is read: what is saved meanwhile is then found twice, and not nowhere."""
        saved_ns = await self._durable.checkpoint() - MARGIN_NS
        if max(self.as_of_ns.values()) <= saved_ns:
            return _Unsaved(saved_ns, {}, whole=True)
        window = await self._hot.events_window()
        candles: dict[str, list[Candle]] = {}
        async for candle in self._told(saved_ns, window.last_id):
            candles.setdefault(candle.instrument, []).append(candle)
        whole = not window.trimmed or order(window.first_id)[0] * _MS_NS <= saved_ns
        return _Unsaved(saved_ns, candles, whole)

    async def _told(self, after_ns: int, last_id: str) -> AsyncIterator[Candle]:
        """What the engine told clients after that time, as far as it was asked for."""
        position = f"{max(0, after_ns // _MS_NS)}-0"
        until_ns = max(self.as_of_ns.values()) + MARGIN_NS
        while order(position) < min(order(last_id), (until_ns // _MS_NS, 0)):
            entries = await self._hot.read_events(position, EVENTS_A_READ)
            if not entries:
                return
            for _, payload in entries:
                candle = decode_candle_event(payload)
                if candle is not None and candle.timeframe == self._timeframe and candle.instrument in self.as_of_ns:
                    yield candle
            position, _ = entries[-1]


def _evidence(calendar: Calendar, timeframe: str, candles: Sequence[Candle], verdicts: Sequence[Verdict]) -> Evidence:
    """Minutes beneath a longer bucket are not read: a sound candle of its own stands for those without a verdict."""
    if timeframe == "1m":
        return Evidence(candles, verdicts)
    buckets = (calendar.bucket(timeframe, candle.time) for candle in candles if is_sound(candle))
    stretches = [
        Session(bucket.start_ns, bucket.end_ns, calendar.local_date(bucket.start_ns)) for bucket in buckets if bucket
    ]
    return Evidence(verdicts=verdicts, counted=stretches)


def _newest(candles: Iterable[Candle]) -> list[Candle]:
    """One of each bucket, the highest revision; of equal ones the first."""
    newest: dict[int, Candle] = {}
    for candle in candles:
        known = newest.get(candle.time)
        if known is None or candle.revision > known.revision:
            newest[candle.time] = candle
    return [newest[time] for time in sorted(newest)]

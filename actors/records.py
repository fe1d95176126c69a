"""The records: what both stores hold of the candles, for who has to compare it with what should be there."""

from collections.abc import Sequence

import anyio
import msgspec
import structlog

from engine.market import TIMEFRAMES, Calendars, Candle, CandleState, Gap, Verdict
from engine.storage.durable import DurableStore
from engine.storage.errors import DurableStoreUnavailableError
from engine.storage.hot import HotStore

log = structlog.get_logger("ticktree.records")

PATIENCE_S = 3.0
"""A PostgreSQL that hangs must not hold up healing: Redis comes first."""
CHUNK = 100
"""Instruments read at a time."""


class Doubt(msgspec.Struct, frozen=True, gc=False):
    """Minutes of one instrument, the first and the last of those that are missing or flagged; ns UTC."""

    instrument: str
    first_ns: int
    last_ns: int


class Records:
    """Reads the hot store, and PostgreSQL where the hot store has lost something. Without PostgreSQL it does with one."""

    def __init__(self, hot: HotStore, durable: DurableStore, calendars: Calendars) -> None:
        self._hot = hot
        self._durable = durable
        self._calendars = calendars

    async def closed(self, instrument: str, start_ns: int, end_ns: int) -> dict[str, list[Candle]]:
        """The closed candles by timeframe that open in [start, end).

        A Redis that was emptied must not make longer bars of the few minutes it has got since.
        """
        closed = {tf: await self._hot.candles(instrument, tf, start_ns, end_ns) for tf in TIMEFRAMES}
        expected = self._calendars.of(instrument).buckets("1m", start_ns, end_ns)
        if len(closed["1m"]) >= sum(1 for _ in expected):
            return closed
        try:
            with anyio.fail_after(PATIENCE_S):
                saved = {tf: await self._saved(instrument, tf, start_ns, end_ns) for tf in TIMEFRAMES}
        except (DurableStoreUnavailableError, TimeoutError) as error:
            log.debug("records_from_hot_store_only", instrument=instrument, error=str(error))
            return closed
        return {tf: _joined(closed[tf], saved[tf]) for tf in TIMEFRAMES}

    async def doubtful(self, instruments: Sequence[str], start_ns: int, end_ns: int) -> list[Doubt]:
        """Where minutes that ended by ``end_ns`` are missing or flagged: what no interruption told of."""
        found: list[Doubt] = []
        for index in range(0, len(instruments), CHUNK):
            names = instruments[index : index + CHUNK]
            present = await self._hot.candles_many(names, "1m", start_ns, end_ns)
            for name in names:
                unsettled = self._unsettled(name, present.get(name, []), start_ns, end_ns)
                if unsettled:
                    found.append(Doubt(name, unsettled[0], unsettled[-1]))
        return found

    async def flagged(self, start_ns: int, end_ns: int) -> list[Doubt]:
        """What PostgreSQL holds flagged of that time, whoever left it so."""
        times: dict[str, list[int]] = {}
        for candle in await self._durable.flagged(end_ns):
            if candle.time >= start_ns:
                times.setdefault(candle.instrument, []).append(candle.time)
        return [Doubt(instrument, min(flagged), max(flagged)) for instrument, flagged in times.items()]

    async def give_up(self, gap: Gap, why: str) -> None:
        """Notes that a gap stays, and why; a PostgreSQL that is away is told by the scan's next try."""
        touched = self._calendars.of(gap.instrument).buckets("1m", gap.start_ns, gap.end_ns + 1)
        verdicts = [Verdict(gap.instrument, "unresolvable", minute.start_ns, minute.end_ns, why) for minute in touched]
        try:
            await self._durable.note_verdicts(verdicts)
        except DurableStoreUnavailableError as error:
            log.warning("gap_not_recorded", instrument=gap.instrument, error=str(error))

    async def _saved(self, instrument: str, timeframe: str, start_ns: int, end_ns: int) -> list[Candle]:
        saved = await self._durable.candles(instrument, timeframe, start_ns, end_ns)
        return [candle for candle in saved if candle.state is not CandleState.FORMING]

    def _unsettled(self, instrument: str, present: Sequence[Candle], start_ns: int, end_ns: int) -> list[int]:
        settled = {candle.time for candle in present if not candle.resolve_required}
        buckets = self._calendars.of(instrument).buckets("1m", start_ns, end_ns)
        return [bucket.start_ns for bucket in buckets if bucket.end_ns <= end_ns and bucket.start_ns not in settled]


def _joined(hot: Sequence[Candle], saved: Sequence[Candle]) -> list[Candle]:
    """Both, by time. What is hot is what has to be judged; a heal of it must be newer than what is saved, too.

    After a kill the hot store may hold an older revision again, as the state of its instrument remembered it.
    """
    joined = {candle.time: candle for candle in saved}
    for candle in hot:
        known = joined.get(candle.time)
        newest = candle.revision if known is None else max(candle.revision, known.revision)
        joined[candle.time] = msgspec.structs.replace(candle, revision=newest)
    return [joined[time] for time in sorted(joined)]

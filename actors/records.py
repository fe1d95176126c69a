"""The records: what both stores hold of the candles, for who has to compare it with what should be there."""

import math
from collections.abc import Collection, Iterable, Iterator, Sequence

import anyio
import msgspec
import structlog

from engine.market import TIMEFRAMES, Calendars, Candle, CandleState, TradingDay, Verdict
from engine.market.ledger import is_sound
from engine.runtime import HealPoint, reach
from engine.storage.durable import DailyCandle, DurableStore
from engine.storage.errors import DurableStoreUnavailableError
from engine.storage.hot import HotStore

log = structlog.get_logger("ticktree.records")

MINUTE_NS = 60_000_000_000
PATIENCE_S = 3.0
"""A PostgreSQL that hangs must not hold up healing: Redis comes first."""


class Records:
    """Reads the hot store, and PostgreSQL where the hot store has lost something."""

    def __init__(self, hot: HotStore, durable: DurableStore, calendars: Calendars) -> None:
        self._hot = hot
        self._durable = durable
        self._calendars = calendars

    async def closed(
        self, instrument: str, start_ns: int, end_ns: int, *, both: bool = False
    ) -> dict[str, list[Candle]]:
        """The closed candles by timeframe that open in [start, end); of ``both`` stores though Redis has all minutes.

        A Redis that was emptied must not make longer bars of the few minutes it has got since: what PostgreSQL does not
        tell in time is not known, rather than not recorded. Raises DurableStoreUnavailableError then.
        """
        closed = await self.hot(instrument, start_ns, end_ns)
        if not both and self.complete(instrument, closed["1m"], start_ns, end_ns):
            return closed
        try:
            with anyio.fail_after(PATIENCE_S):
                saved = {tf: await self.saved(instrument, tf, start_ns, end_ns) for tf in TIMEFRAMES}
        except (DurableStoreUnavailableError, TimeoutError) as error:
            log.warning("records_not_read", instrument=instrument, start_ns=start_ns, end_ns=end_ns, error=str(error))
            raise DurableStoreUnavailableError(str(error) or f"No answer within {PATIENCE_S:g} s.") from error
        return {tf: _joined(closed[tf], saved[tf]) for tf in TIMEFRAMES}

    async def day(self, instrument: str, day: TradingDay) -> Candle | None:
        """The closed bar of a trading day, the newer of both stores'."""
        span = day.start_ns, day.end_ns
        hot, saved = await self._hot.candles(instrument, "1d", *span), await self.saved(instrument, "1d", *span)
        return next(iter(_joined(hot, saved)), None)

    async def hot(self, instrument: str, start_ns: int, end_ns: int) -> dict[str, list[Candle]]:
        """The same as Redis alone knows it."""
        return {tf: await self._hot.candles(instrument, tf, start_ns, end_ns) for tf in TIMEFRAMES}

    def complete(self, instrument: str, minutes: Sequence[Candle], start_ns: int, end_ns: int) -> bool:
        """Whether these are all the minutes that open in [start, end) of the exchange's sessions."""
        held = {minute.time for minute in minutes}
        expected = self._calendars.of(instrument).buckets("1m", start_ns, end_ns)
        return all(bucket.start_ns in held for bucket in expected if bucket.start_ns >= start_ns)

    async def saved(self, instrument: str, timeframe: str, start_ns: int, end_ns: int) -> list[Candle]:
        """The closed candles that PostgreSQL holds."""
        saved = await self._durable.candles(instrument, timeframe, start_ns, end_ns)
        return [candle for candle in saved if candle.state is not CandleState.FORMING]

    async def unsound(self, instrument: str, wanted: Collection[int]) -> list[int]:
        """Which of these minutes are missing, flagged or without a price, in order."""
        start_ns, end_ns = min(wanted), max(wanted) + MINUTE_NS
        minutes = _joined(
            await self._hot.candles(instrument, "1m", start_ns, end_ns),
            await self.saved(instrument, "1m", start_ns, end_ns),
        )
        sound = {candle.time for candle in minutes if is_sound(candle)}
        return [time for time in sorted(wanted) if time not in sound]

    async def save(self, candles: Sequence[Candle]) -> None:
        """Saves candles that only PostgreSQL keeps."""
        bars = [candle for candle in candles if candle.timeframe != "1d"]
        await self._durable.save(bars, list(self._days(candles)))

    async def note(self, verdicts: Sequence[Verdict]) -> None:
        """Notes what was decided about minutes; while PostgreSQL is away nothing is, and the scan finds them again."""
        if not verdicts:
            return
        reach(HealPoint.BEFORE_VERDICTS)
        try:
            with anyio.fail_after(PATIENCE_S):
                await self._durable.note_verdicts(verdicts)
        except (DurableStoreUnavailableError, TimeoutError) as error:
            log.warning("verdicts_not_noted", instrument=verdicts[0].instrument, error=str(error))
            return
        reach(HealPoint.AFTER_VERDICTS)

    async def level(self, instrument: str, start_ns: int, end_ns: int, *, kept_ns: int) -> None:
        """Gives each store what only the other one holds of [start, end): nothing about it is new, and nobody is told.

        A flag counts in both: one that Redis alone knew of would be lost with it, and one that PostgreSQL alone knew of no
        heal would see, and every scan would doubt. Redis keeps nothing that opened before ``kept_ns``.
        """
        for timeframe in TIMEFRAMES:
            saved = await self.saved(instrument, timeframe, start_ns, end_ns)
            # After PostgreSQL, which takes its time: a heal that lands meanwhile would be overwritten by what it healed.
            hot = await self._hot.candles(instrument, timeframe, start_ns, end_ns)
            lacking = (candle for candle in _only(saved, hot) if candle.time >= kept_ns)
            await self._hot.write_candles([candle for candle in lacking if _has_prices(candle)])
            await self.save(list(_only(hot, saved)))

    def _days(self, candles: Iterable[Candle]) -> Iterator[DailyCandle]:
        """A day's bar goes by the exchange's date."""
        for candle in candles:
            if candle.timeframe == "1d":
                yield DailyCandle(self._calendars.of(candle.instrument).session_date(candle.time), candle)


def _has_prices(candle: Candle) -> bool:
    """TimeSeries refuse a NaN, and with it all that is written together."""
    return not any(math.isnan(price) for price in (candle.open, candle.high, candle.low, candle.close))


def _only(candles: Sequence[Candle], others: Sequence[Candle]) -> Iterator[Candle]:
    """Those of which the others hold nothing, or nothing as new; and what they hold as new, where it lacks a flag."""
    known = {candle.time: candle for candle in others}
    for candle in candles:
        other = known.get(candle.time)
        if other is None or candle.revision > other.revision:
            yield candle
        elif candle.revision == other.revision and candle.resolve_required and not other.resolve_required:
            yield msgspec.structs.replace(other, resolve_required=True)


def _joined(hot: Sequence[Candle], saved: Sequence[Candle]) -> list[Candle]:
    """Both, by time. What is hot is what has to be judged; a heal of it must be newer than what is saved, too.

    After a kill the hot store may hold an older revision again, as the state of its instrument remembered it. A flag of
    what is saved counts, unless the hot one is newer: a heal that does not see it would not clear it.
    """
    joined = {candle.time: candle for candle in saved}
    for candle in hot:
        known = joined.get(candle.time)
        joined[candle.time] = candle if known is None or known.revision < candle.revision else _above(candle, known)
    return [joined[time] for time in sorted(joined)]


def _above(hot: Candle, saved: Candle) -> Candle:
    flagged = hot.resolve_required or saved.resolve_required
    return msgspec.structs.replace(hot, revision=saved.revision, resolve_required=flagged)

"""Verdicts in memory, minute by minute, and the gap scan over them."""

import math
from collections.abc import Iterable, Iterator, Sequence

from engine.market.calendar import Session
from engine.market.candle import Candle
from engine.market.verdict import Verdict, in_runs
from engine.storage.durable import ShortSession
from engine.storage.durable.scan import GapScan
from engine.storage.durable.verdicts import Verdicts
from engine.storage.memory.tables import Tables

_MINUTE_NS = 60_000_000_000


class MemoryVerdicts(Verdicts):
    """What was decided about minutes."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def note_verdicts(self, verdicts: Sequence[Verdict]) -> None:
        """Notes verdicts, over what was decided of their minutes before; the last of ``verdicts`` counts."""
        await self._tables.arrive()
        known = self._tables.known(verdict.instrument for verdict in verdicts)
        for verdict in verdicts:
            if verdict.instrument in known:
                decided = self._tables.verdicts.setdefault(verdict.instrument, {})
                decided |= dict.fromkeys(_minutes(verdict.start_ns, verdict.end_ns), (verdict.status, verdict.reason))
                overrule(self._tables, self._tables.bars.get((verdict.instrument, "1m"), {}).values())

    async def clear_verdicts(self, instrument: str, start_ns: int, end_ns: int) -> None:
        """Takes back what was decided of the minutes that open in [start, end)."""
        await self._tables.arrive()
        decided = self._tables.verdicts.get(instrument, {})
        for minute in _minutes(start_ns, end_ns):
            decided.pop(minute, None)

    async def verdicts(self, instruments: Sequence[str], start_ns: int, end_ns: int) -> dict[str, list[Verdict]]:
        """The verdicts on minutes that open in [start, end), cut to it, oldest first; who has none is left out."""
        await self._tables.arrive()
        found = {name: list(in_runs(self._inside(name, start_ns, end_ns))) for name in instruments}
        return {name: verdicts for name, verdicts in found.items() if verdicts}

    def _inside(self, instrument: str, start_ns: int, end_ns: int) -> Iterator[Verdict]:
        for minute, (status, reason) in sorted(self._tables.verdicts.get(instrument, {}).items()):
            if start_ns <= minute < end_ns:
                yield Verdict(instrument, status, minute, minute + _MINUTE_NS, reason)


class MemoryGapScan(GapScan):
    """Compares what the calendar expects with what the tables hold."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def short_sessions(
        self, instruments: Sequence[str], sessions: Sequence[Session], *, unresolvable: bool = False
    ) -> list[ShortSession]:
        """The sessions in which an instrument has fewer one-minute candles and verdicts than minutes."""
        await self._tables.arrive()
        known = self._tables.known(instruments)
        counted = (self._counted(name, session) for name in instruments if name in known for session in sessions)
        return [short for short in counted if short.missing > 0 or (unresolvable and short.unresolvable)]

    def _counted(self, instrument: str, session: Session) -> ShortSession:
        candles = self._tables.bars.get((instrument, "1m"), {})
        decided = self._tables.verdicts.get(instrument, {})
        minutes = range(session.start_ns, session.end_ns, _MINUTE_NS)
        present = sum(1 for minute in minutes if minute in candles and is_sound(candles[minute]))
        statuses = [decided[minute][0] for minute in minutes if minute in decided]
        return ShortSession(instrument, session, present, statuses.count("empty"), statuses.count("unresolvable"))


def overrule(tables: Tables, candles: Iterable[Candle]) -> None:
    """A minute that traded after all loses its verdict: a sound candle any, a flagged one that nobody traded."""
    for candle in candles:
        decided = tables.verdicts.get(candle.instrument, {}) if candle.timeframe == "1m" else {}
        decision = decided.get(candle.time)
        if decision is not None and (decision[0] == "empty" or is_sound(candle)):
            del decided[candle.time]


def is_sound(candle: Candle) -> bool:
    """Not flagged, and with all its prices."""
    prices = (candle.open, candle.high, candle.low, candle.close)
    return not candle.resolve_required and not any(math.isnan(price) for price in prices)


def _minutes(start_ns: int, end_ns: int) -> Iterable[int]:
    return range(-(-start_ns // _MINUTE_NS) * _MINUTE_NS, end_ns, _MINUTE_NS)

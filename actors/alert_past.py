"""The past of alert rules: what was traded while nobody judged is read once it is known, and put before them."""

from collections.abc import Sequence
from typing import Final

import structlog

from engine.market import Calendars, Candle
from engine.market.alert_book import AlertBook
from engine.market.alert_past import FARTHEST_NS, Past
from engine.market.alert_rule import MINUTE_NS
from engine.storage.durable import DurableStore
from engine.storage.history import newest
from engine.storage.hot import HotStore

log = structlog.get_logger("ticktree.alerts")

CHECKPOINT: Final = "alerts"
"""Until when all prices were put before the rules of then, and what came of it was kept."""
PORTION: Final = 20
"""Instruments whose minutes are read at a time: of each four days at most."""


class AlertPast:
    """Reads both stores: Redis has the newest minutes, PostgreSQL what Redis lost."""

    def __init__(self, hot: HotStore, durable: DurableStore, calendars: Calendars, book: AlertBook) -> None:
        self._hot = hot
        self._durable = durable
        self._calendars = calendars
        self._book = book

    async def judged_ns(self, now_ns: int) -> int:
        """Until when engines have judged. The first engine of all notes that it begins now: it has no past."""
        return await self._durable.checkpoint(CHECKPOINT) or await self.note(now_ns)

    async def note(self, now_ns: int) -> int:
        """All that came is judged and kept: notes it, less a minute, as prices may wait in mailboxes."""
        judged_ns = now_ns - MINUTE_NS
        await self._durable.save([], [], checkpoint_ns=judged_ns, name=CHECKPOINT)
        return judged_ns

    async def look(self, now_ns: int) -> None:
        """Once at once by what is known, and once more when all of it is. Raises StorageError: then again by the next look."""
        book = self._book
        if not book.pasts:
            return
        healing = await self._hot.healing()
        by_instrument: dict[str, list[Past]] = {}
        for past in book.pasts.due(now_ns, healing):
            by_instrument.setdefault(past.instrument, []).append(past)
        names = sorted(by_instrument)
        for portion in (names[at : at + PORTION] for at in range(0, len(names), PORTION)):
            start_ns = min(past.start_ns for name in portion for past in by_instrument[name])
            candles = await self._minutes(portion, max(start_ns, now_ns - FARTHEST_NS), now_ns)
            for name in portion:
                self._put(by_instrument[name], candles[name], now_ns)

    def _put(self, pasts: Sequence[Past], candles: Sequence[Candle], now_ns: int) -> None:
        zone = self._calendars.of(pasts[0].instrument).zone
        for past in pasts:
            end_ns = now_ns if past.end_ns is None else past.end_ns
            inside = [candle for candle in candles if past.start_ns <= candle.time < end_ns]
            is_whole = past.is_calm and not any(candle.resolve_required for candle in inside)
            self._book.look_back(past, inside, zone, now_ns, is_all=is_whole or past.is_given_up(now_ns))

    async def _minutes(self, names: Sequence[str], start_ns: int, end_ns: int) -> dict[str, list[Candle]]:
        saved = await self._durable.candles_many(names, "1m", start_ns, end_ns)
        hot = await self._hot.candles_many(names, "1m", start_ns, end_ns)
        forming = await self._hot.live_candles([(name, "1m") for name in names])
        return {
            name: newest([*saved.get(name, ()), *hot.get(name, ()), *_one(forming.get((name, "1m")))]) for name in names
        }


def _one(candle: Candle | None) -> tuple[Candle, ...]:
    return () if candle is None else (candle,)

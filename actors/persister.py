"""The keeper of history: copies final and revised candles, and today's forming day, to PostgreSQL."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import msgspec
import structlog

from actors.channels import decode_candle_event
from actors.messages import CandlesWritten, Count, Save, Saved, SaveSoon
from actors.publications import superseded
from engine.market import TIMEFRAMES, Calendars, Candle, CandleBook, CandleState, StateError, length_s
from engine.runtime import ActorRef, HealPoint, MailboxSpec, Overflow, TaskActor, handles, reach
from engine.storage.durable import DailyCandle, DurableStore
from engine.storage.errors import HotStoreUnavailableError, StorageUnavailableError
from engine.storage.hot import HotStore
from engine.storage.hot.series import chunks

log = structlog.get_logger("ticktree.persister")

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000
EVENTS_MARGIN_NS = 60 * NS_PER_S
"""Events are read from so long before the checkpoint: what a save took along was told before it began."""
EVENTS_A_READ = 5_000
SAVE_OFFSET_NS = 5 * NS_PER_S
"""A save starts this long after the full interval, when the bars that end with it are closed and written."""
SOON_S = 2.0
RETRY_S = 5.0
CATCH_UP_AFTER_S = 10.0
"""After a start: reading back takes many seconds of thousands of instruments, which nobody has to wait for."""
PENDING_LIMIT = 300_000
"""Candles kept for the next save; beyond it they are forgotten here and read again from the hot store."""
CHUNK = 200
"""Instruments read from the hot store at a time when catching up."""
NAMED = 5
"""Instruments named in a warning, of however many it counts."""

_Key = tuple[str, str, int, int]


class Persister(TaskActor):
    """Saves at every interval and, when something was revised, soon; a save that fails is tried again and loses nothing."""

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=10_000, overflow=Overflow.FAIL)
    drains: ClassVar[bool] = True

    def __init__(
        self, hot: HotStore, durable: DurableStore, calendars: Calendars, *, writer: ActorRef, interval_minutes: int
    ) -> None:
        super().__init__()
        self._hot = hot
        self._durable = durable
        self._calendars = calendars
        self._writer = writer
        self._interval_minutes = interval_minutes
        self._instruments: Sequence[str] = ()
        self._pending: dict[_Key, Candle] = {}
        """Every revision of every bucket: what readers could see at a time must be found as of that time."""
        self._checkpoint_ns = 0
        self._batch = 0
        self._forgotten = False
        self._soon = False
        self._away = False

    async def on_start(self) -> None:
        """A start is a recovery: what the hot store holds since the checkpoint may not have been saved.

        It is read with the first save. Until that is done the checkpoint stays where it is, so that an engine that ends
        before has its successor begin there again.
        """
        self._instruments = [instrument.canonical for instrument in await self._durable.instruments()]
        self._checkpoint_ns = await self._durable.checkpoint() or 0
        self._forgotten = True
        self._save_soon(CATCH_UP_AFTER_S)
        self._arm()

    async def on_stop(self) -> None:
        """What PostgreSQL does not take now stays in the hot store, and is caught up with at the next start."""
        await self._save(days=True)

    @handles(CandlesWritten)
    def on_candles_written(self, message: CandlesWritten) -> None:
        self._batch = message.batch
        for candle in message.candles:
            self._keep(candle)
        if len(self._pending) > PENDING_LIMIT:
            self._pending.clear()
            self._forgotten = True
        if any(candle.state is CandleState.REVISED for candle in message.candles):
            self._save_soon(SOON_S)

    def _keep(self, candle: Candle) -> None:
        """A revision that is told again, because its flag is news, was published when it was told first."""
        known = self._pending.get(_key(candle))
        if known is not None:
            candle = msgspec.structs.replace(candle, published_ns=known.published_ns)
        self._pending[_key(candle)] = candle

    @handles(Count)
    def on_count(self, _: Count) -> dict[str, int]:
        return {"candles_unsaved": len(self._pending)}

    @handles(SaveSoon)
    async def on_save_soon(self, _: SaveSoon) -> None:
        """Healed candles do not wait for the interval: until they are saved, they hang on the hot store alone."""
        self._soon = False
        await self._save(days=self._away)

    @handles(Save)
    async def on_save(self, wish: Save) -> bool:
        """Saves everything; false when PostgreSQL is away, and the next try is under way."""
        if wish.regular:
            self._arm()
        return await self._save(days=True)

    def _arm(self) -> None:
        interval_ns = self._interval_minutes * 60 * NS_PER_S
        next_ns = (self.system.clock.now_ns() // interval_ns + 1) * interval_ns + SAVE_OFFSET_NS
        self.send_after(self.system.clock.seconds_until(next_ns), Save(regular=True))

    def _save_soon(self, delay_s: float) -> None:
        if not self._soon:
            self._soon = True
            self.send_after(delay_s, SaveSoon())

    async def _save(self, *, days: bool) -> bool:
        try:
            if self._forgotten:
                await self._catch_up()
            forming = await self._forming_days() if days else []
            await self._write(list(self._pending.values()), forming)
        except StorageUnavailableError as error:
            if not self._away:
                log.warning("durable_store_away", error=str(error), waiting_candles=len(self._pending))
            self._away = True
            self._save_soon(RETRY_S)
            return False
        self._away = False
        return True

    async def _write(self, candles: Sequence[Candle], forming_days: Sequence[Candle]) -> None:
        """Rows and checkpoint in one transaction; Redis mirrors the checkpoint, PostgreSQL has the true one."""
        saved_ns = self.system.clock.now_ns()
        heals = any(candle.state is CandleState.REVISED for candle in candles)
        if heals:
            reach(HealPoint.BEFORE_ROWS)
        await self._save_rows([*candles, *forming_days], saved_ns)
        if heals:
            reach(HealPoint.AFTER_ROWS)
        for candle in candles:
            self._pending.pop(_key(candle), None)
        self._checkpoint_ns = saved_ns
        if self._batch:
            self._writer.tell(Saved(self._batch))
        log.info("saved", candles=len(candles), days=len(forming_days))
        await self._mirror(saved_ns)

    async def _mirror(self, saved_ns: int) -> None:
        try:
            await self._hot.set_last_save(self._interval_minutes, saved_ns)
        except HotStoreUnavailableError as error:
            log.debug("last_save_not_mirrored", error=str(error))

    async def _forming_days(self) -> list[Candle]:
        """Today's bar of every instrument, as the state its actor last reported has it."""
        days: list[Candle] = []
        try:
            for names in chunks(self._instruments, CHUNK):
                states = await self._hot.states(names)
                found = (self._forming_day(instrument, state) for instrument, state in states.items())
                days += [day for day in found if day is not None]
        except HotStoreUnavailableError as error:  # what has closed is saved all the same
            log.info("forming_days_not_saved", error=str(error))
        return days

    def _forming_day(self, instrument: str, state: Mapping[str, Any]) -> Candle | None:
        calendar, now_ns = self._calendars.of(instrument), self.system.clock.now_ns()
        try:
            return CandleBook.restore(instrument, calendar, state["source"], state["book"], now_ns=now_ns).forming("1d")
        except (KeyError, StateError) as error:
            log.warning("state_unusable", instrument=instrument, error=str(error))
            return None

    async def _catch_up(self) -> None:
        """Reads every candle that may have closed since the checkpoint: those that opened a timeframe's length before.

        Heals write older ones too; the writer has noted since when there are some.
        """
        now_ns = self.system.clock.now_ns()
        unsaved_ns = await self._hot.get_unsaved() or now_ns
        told = await self._told()
        first = {_key(candle): candle for candle in reversed(told)}
        for names in chunks(self._instruments, CHUNK):
            for timeframe in TIMEFRAMES:
                since_ns = max(0, min(unsaved_ns, self._checkpoint_ns - length_s(timeframe) * NS_PER_S))
                found = await self._hot.candles_many(names, timeframe, since_ns, now_ns)
                candles = [_as_first_told(candle, first) for series in found.values() for candle in series]
                await self._save_rows(candles, self._checkpoint_ns)
        await self._save_rows(superseded(told), self._checkpoint_ns)  # gave way in the hot store before they were saved
        self._forgotten = False

    async def _told(self) -> list[Candle]:
        """What clients were told since the checkpoint, in that order; nothing in it is flagged."""
        told: list[Candle] = []
        position = f"{max(0, self._checkpoint_ns - EVENTS_MARGIN_NS) // NS_PER_MS}-0"
        while entries := await self._hot.read_events(position, EVENTS_A_READ):
            events = (decode_candle_event(payload) for _, payload in entries)
            told += [candle for candle in events if candle is not None]
            position, _ = entries[-1]
        return told

    async def _save_rows(self, candles: Sequence[Candle], checkpoint_ns: int) -> None:
        days = [self._daily(candle) for candle in candles if candle.timeframe == "1d"]
        intraday = [candle for candle in candles if candle.timeframe != "1d"]
        result = await self._durable.save(intraday, days, checkpoint_ns)
        if result.unknown:
            log.warning("candles_of_unknown_instruments", count=len(result.unknown), first=result.unknown[:NAMED])

    def _daily(self, candle: Candle) -> DailyCandle:
        """A day's bar goes by the exchange's date."""
        return DailyCandle(self._calendars.of(candle.instrument).session_date(candle.time), candle)


def _as_first_told(candle: Candle, first: Mapping[_Key, Candle]) -> Candle:
    """The hot store has a flagged candle as of its flag, which is no publication: it was there to be read before that."""
    told = first.get(_key(candle)) if candle.resolve_required else None
    if told is None or not told.published_ns or told != msgspec.structs.replace(candle, resolve_required=False):
        return candle
    return msgspec.structs.replace(candle, published_ns=told.published_ns)


def _key(candle: Candle) -> _Key:
    return candle.instrument, candle.timeframe, candle.time, candle.revision

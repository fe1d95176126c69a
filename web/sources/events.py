"""The events: final and revised candles and statuses, in order and once; also for clients that come back."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import anyio
import structlog

from engine.market.timeframe import length_s
from engine.market.views import LONGEST_GAP_NS
from engine.storage.errors import StorageUnavailableError
from engine.storage.hot import EventsWindow, HotStore
from web.hub import FeedFormatError, Hub, Replay, decode_event, order, refuse
from web.hub.feed import CandleEvent, Event, StatusEvent
from web.hub.resumption import Resumption
from web.protocol import Position
from web.sources.snapshots import load_closes, value_of_candle
from web.sources.stored import MOST_CANDLES, StoredCandles, hopeful

log = structlog.get_logger("ticktree.events")

ANSWER_S = 2.0
"""After so long without an answer the hot store counts as away."""
STORED_S = 3.0
"""So long others may wait for their snapshots while the stores are read for those who come late."""
BLOCK_MS = 1000
ENTRIES_A_READ = 1000
_FOR_EVER_NS = 2**62
_MS_NS = 1_000_000


class EventSource:
    """Reads the stream from where the hub stands. ``begun`` is called when the place is found."""

    def __init__(
        self, hot: HotStore, hub: Hub, stored: StoredCandles, *, begun: Callable[[], None], now_ns: Callable[[], int]
    ) -> None:
        self._hot = hot
        self._hub = hub
        self._stored = stored
        self._now_ns = now_ns
        self._begun = begun
        self.malformed = 0

    async def run(self) -> None:
        """Follows the stream until the store is away, which is an error; its silence, too, has to be answered in time."""
        await self.begin()
        while True:
            await self.take(BLOCK_MS)

    async def begin(self) -> None:
        """Finds where to go on."""
        await self._find_place()
        self._begun()

    async def take(self, block_ms: int) -> None:
        """Puts the next entries before the clients, after waiting so long for the first.

        The place is looked at between reading and telling: an entry of a new epoch that went out under the old one would
        give a client a position beyond the hole, and nobody would ever tell it.
        """
        position = self._place()
        with _in_time():
            entries = await self._hot.read_events(position.offset, ENTRIES_A_READ, block_ms)
        events = [(offset, self._decode(payload)) for offset, payload in entries]
        if await self._find_place_with_closes([event for _, event in events if isinstance(event, CandleEvent)]):
            for offset, event in events:
                self._publish(offset, event)
                self._hub.position = Position(position.epoch, offset)

    async def resume(self) -> None:
        """Answers all wishes to resume: with one reading of the stream, else from the stores, else with a refusal."""
        hub = self._hub
        waiting = [one for one in hub.resumptions if not one.cancelled]
        if not waiting or hub.position is None:
            return
        with _in_time():
            window = await self._hot.events_window()
        covered = [one for one in waiting if window.covers(one.since.epoch, one.since.offset)]
        await self._replay(Replay(covered), covered)
        late = [one for one in hub.resumptions if one in waiting and not one.cancelled]
        stored = [one for one in late if hopeful(one, window, self._now_ns() // _MS_NS)]
        if stored and not await self._resume_stored(window, stored):
            stored = []
        self._answered(late)
        for one in late:
            if one not in stored:
                refuse(hub, one)

    async def _replay(self, replay: Replay, answered: Sequence[Resumption]) -> None:
        if answered:
            await self._read_closes(replay)
            await self._read_into(replay)
            self._answered(answered)
            replay.finish(self._hub)

    async def _resume_stored(self, window: EventsWindow, ones: list[Resumption]) -> bool:
        """Goes on from what the stores hold; False when that may not be all, or is too much."""
        try:
            with anyio.fail_after(STORED_S):
                stretch = await self._stored.stretch(window, ones)
                candles = [] if stretch is None else await self._stored.read(ones, stretch, self._now_ns())
        except (StorageUnavailableError, TimeoutError) as error:
            log.info("stores_not_read", error=str(error))
            return False
        if stretch is None or len(candles) > MOST_CANDLES:
            return False
        replay = Replay(ones, stored_from=f"{max(0, stretch.stream_from_ms)}-0")
        newest_ms = order(self._place().offset)[0]
        for candle in candles:
            replay.add_stored(f"{min(candle.published_ns // _MS_NS, newest_ms)}-0", value_of_candle(candle))
        await self._replay(replay, ones)
        return True

    def _answered(self, ones: Sequence[Resumption]) -> None:
        """They wait no more; what came meanwhile does."""
        done = set(map(id, ones))
        self._hub.resumptions = [one for one in self._hub.resumptions if id(one) not in done]

    async def _find_place(self) -> bool:
        """Whether to go on from where the hub is; when what came since is gone, nobody is left to believe otherwise."""
        with _in_time():
            window = await self._hot.events_window()
        position = self._hub.position
        if position is not None and window.covers(position.epoch, position.offset):
            return True
        self._hub.position = Position(window.epoch, window.last_id)
        if position is not None:
            log.warning("events_lost", epoch=window.epoch)
            self._hub.tell_all_to_begin_anew()
        return False

    async def _find_place_with_closes(self, candles: Sequence[CandleEvent]) -> bool:
        """Views know what these candles go on from before they show them: a final candle can not wait for it as a
        forming one does, since the client's position would pass it.
        """
        places = dict.fromkeys((event.symbol, event.timeframe) for event in candles)
        found = await self._find_place()
        while found and (unknown := self._hub.begun(places)):
            with _in_time():
                await load_closes(self._hot, self._hub, unknown, self._now_ns())
            found = await self._find_place()
        return found

    async def _read_closes(self, replay: Replay) -> None:
        """Before the entries: nothing may come between their reading and their telling."""
        for instrument, timeframe, offset in set(replay.joined()):
            first_ns = order(offset)[0] * 1_000_000 - LONGEST_GAP_NS - 2 * length_s(timeframe) * 1_000_000_000
            with _in_time():
                replay.begin(
                    instrument,
                    timeframe,
                    await self._hot.candles(instrument, timeframe, max(0, first_ns), _FOR_EVER_NS),
                )

    async def _read_into(self, replay: Replay) -> None:
        """Reads from the oldest position asked for to where the hub stands when the reading is done."""
        reached = replay.start
        while reached is not None and order(reached) < order(self._place().offset):
            with _in_time():
                entries = await self._hot.read_events(reached, ENTRIES_A_READ)
            if not entries:
                return
            for reached, payload in entries:
                event = self._decode(payload)
                if event is not None:
                    replay.add(reached, event)

    def _publish(self, offset: str, event: Event | None) -> None:
        if isinstance(event, CandleEvent):
            self._hub.publish_candle(event.value, offset)
        elif isinstance(event, StatusEvent):
            self._hub.publish_statuses(event.values, offset)
        elif event is not None:
            self._hub.publish_notice(event.topic, event.notice, offset)

    def _decode(self, payload: bytes) -> Event | None:
        try:
            return decode_event(payload)
        except FeedFormatError as error:
            self.malformed += 1
            if self.malformed == 1:
                log.warning("event_not_understood", error=str(error))
            return None

    def _place(self) -> Position:
        position = self._hub.position
        assert position is not None
        return position


def _in_time() -> AbstractContextManager[object]:
    return anyio.fail_after(ANSWER_S)

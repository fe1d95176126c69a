"""The events: final and revised candles and statuses, in order and once; also for clients that come back."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import anyio
import structlog

from engine.market.timeframe import length_s
from engine.market.views import LONGEST_GAP_NS
from engine.storage.hot import HotStore
from web.hub import FeedFormatError, Hub, Replay, decode_event, order, refuse
from web.hub.feed import CandleEvent, Event, StatusEvent
from web.protocol import Position

log = structlog.get_logger("ticktree.events")

ANSWER_S = 2.0
"""After so long without an answer the hot store counts as away."""
BLOCK_MS = 1000
ENTRIES_A_READ = 1000
_FOR_EVER_NS = 2**62


class EventSource:
    """Reads the stream from where the hub stands. ``begun`` is called when the place is found."""

    def __init__(self, hot: HotStore, hub: Hub, *, begun: Callable[[], None]) -> None:
        self._hot = hot
        self._hub = hub
        self._begun = begun
        self.malformed = 0

    async def run(self) -> None:
        """Follows the stream until the store is away, which is an error; its silence, too, has to be answered in time."""
        await self._find_place()
        self._begun()
        while True:
            position = self._place()
            with _in_time():
                entries = await self._hot.read_events(position.offset, ENTRIES_A_READ, BLOCK_MS)
            for offset, payload in entries:
                self._publish(offset, payload)
                self._hub.position = Position(position.epoch, offset)
            if not entries:
                await self._find_place()

    async def resume(self) -> None:
        """Answers all wishes to resume with one reading of the stream."""
        hub = self._hub
        waiting = [one for one in hub.resumptions if not one.cancelled]
        if not waiting or hub.position is None:
            return
        with _in_time():
            window = await self._hot.events_window()
        hopeful = [one for one in waiting if window.covers(one.since.epoch, one.since.offset)]
        replay = Replay(hopeful)
        await self._read_closes(replay)
        await self._read_into(replay)
        answered = set(map(id, waiting))
        hub.resumptions = [one for one in hub.resumptions if id(one) not in answered]
        replay.finish(hub)
        for one in waiting:
            if one not in hopeful:
                refuse(hub, one)

    async def _find_place(self) -> None:
        """Where to go on; when what came since is gone, nobody is left to believe that it never happened."""
        with _in_time():
            window = await self._hot.events_window()
        position = self._hub.position
        if position is None or not window.covers(position.epoch, position.offset):
            self._hub.position = Position(window.epoch, window.last_id)
            if position is not None:
                log.warning("events_lost", epoch=window.epoch)
                self._hub.tell_all_to_begin_anew()

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

    def _publish(self, offset: str, payload: bytes) -> None:
        event = self._decode(payload)
        if isinstance(event, CandleEvent):
            self._hub.publish_candle(event.value, offset)
        elif isinstance(event, StatusEvent):
            self._hub.publish_statuses(event.values, offset)
        elif event is not None:
            self._hub.publish_notice(event.topic, event.value, offset)

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

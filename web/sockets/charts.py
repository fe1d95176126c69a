"""The charts of one client: their histories, one after the other, each joined without a seam to what comes live."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator

import msgspec
import structlog

from engine.market.candle import Candle, CandleState
from engine.storage.errors import StorageError
from web.hub import Hub, Outbox, Resumption
from web.protocol import (
    CandleValue,
    Channel,
    Close,
    Code,
    Kind,
    Position,
    Problem,
    Subscribed,
    historical,
    tick_channel,
)
from web.sockets.histories import Histories, History, HistoryError

log = structlog.get_logger("ticktree.web")

WAITING = 64
"""Charts that a client may ask for before the first is shown."""
CHUNK = 1_000
"""Candles in one message: some 130 KiB."""
READING_S = 30.0
"""So long a client may take for one chunk before it counts as one that does not read."""
JOIN_S = 10.0
LOOK_S = 0.02


class Chart(msgspec.Struct, frozen=True):
    """A chart as it was asked for."""

    channel: Channel
    instrument: str
    bars: int


class Charts:
    """Opens charts by reading first and following then, from the position before the reading on.

    So nothing is lost between the two; and what the history already held is not told again. ``wake`` makes the
    subscriber look at the hub; ``failed`` is told of an error that is a bug of ours.
    """

    def __init__(
        self,
        outbox: Outbox,
        hub: Hub,
        histories: Histories,
        *,
        wake: Callable[[], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        self._outbox = outbox
        self._hub = hub
        self._histories = histories
        self._wake = wake
        self._failed = failed
        self._waiting: deque[Chart] = deque()
        self._working: asyncio.Task[None] | None = None
        self._current: Chart | None = None
        self._joining: Resumption | None = None

    def __len__(self) -> int:
        """Charts that are not followed yet."""
        return len(self._waiting) + (self._current is not None)

    def open(self, chart: Chart) -> None:
        """Shows a chart, after those that were asked for before; the same chart anew replaces the one there is."""
        self.close(chart.channel)
        if len(self._waiting) >= WAITING:
            problem = Problem(Code.TOO_MANY_SYMBOLS, f"at most {WAITING} charts may wait", symbol=chart.channel.symbol)
            self._outbox.send_problem(problem)
            return
        self._waiting.append(chart)
        if self._working is None:
            self._begin()

    def close(self, channel: Channel) -> bool:
        """Ends a chart, whether it is followed, being read or waiting; False when there is none."""
        before = len(self._waiting)
        self._waiting = deque(chart for chart in self._waiting if chart.channel.name != channel.name)
        found = len(self._waiting) < before
        if self._current is not None and self._current.channel.name == channel.name:
            self._interrupt()
            found = True
        found = self._hub.unfollow(self._outbox, channel.name) or found
        if not any(one.kind is Kind.CANDLE and one.symbol == channel.symbol for one in self._outbox.channels):
            self._hub.unfollow(self._outbox, tick_channel(channel).name)
        return found

    def stop(self) -> None:
        """The client is gone."""
        self._waiting.clear()
        self._interrupt()

    def _interrupt(self) -> None:
        """Ends the work under way; that of the next chart begins when it has ended."""
        self._current = None
        if self._joining is not None:
            self._joining.cancel()
        if self._working is not None:
            self._working.cancel()

    def _begin(self) -> None:
        self._working = asyncio.get_running_loop().create_task(self._work())
        self._working.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._working = self._current = None
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._failed(error)
        elif self._waiting:
            self._begin()

    async def _work(self) -> None:
        while self._waiting:
            self._current = self._waiting.popleft()
            try:
                await self._show(self._current)
            except StorageError as error:
                log.warning("chart_not_read", channel=self._current.channel.name, error=str(error))
                self._refuse(self._current, error.kind)
            except HistoryError as error:
                self._refuse(self._current, str(error))
        self._current = None

    async def _show(self, chart: Chart) -> None:
        position = self._hub.position
        if position is None:
            raise HistoryError("the hot store has not been read yet.")
        channel = chart.channel
        history = await self._histories.newest(chart.instrument, channel.timeframe, chart.bars, channel.view)
        for message in _messages(chart, history):
            await self._until_read()
            self._outbox.send(self._outbox.conversation.frame(message))
        await self._follow(chart, position, _seen(history))

    async def _until_read(self) -> None:
        """A history is more than what is kept for a slow client: each chunk waits until the one before has left."""
        try:
            async with asyncio.timeout(READING_S):
                while self._outbox.line.congested or self._outbox.urgent:  # noqa: ASYNC110 - a transport tells nobody
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            self._outbox.close(Close.SLOW_CLIENT, "too slow: read what you asked for")

    async def _follow(self, chart: Chart, position: Position, seen: dict[int, int]) -> None:
        done = asyncio.Event()
        answer = Subscribed("get_history", (), ())
        channels = ((chart.channel, chart.instrument),)
        resumption = self._joining = Resumption(self._outbox, channels, position, answer, done.set, seen)
        self._hub.resumptions.append(resumption)
        self._wake()
        try:
            async with asyncio.timeout(JOIN_S):
                await done.wait()
        except TimeoutError as error:
            raise HistoryError("the hot store does not answer.") from error
        finally:
            resumption.cancel()
            self._joining = None
        if not self._outbox.closed:
            self._hub.follow(self._outbox, tick_channel(chart.channel), chart.instrument)
            self._wake()

    def _refuse(self, chart: Chart, why: str) -> None:
        self._outbox.send_problem(Problem(Code.INTERNAL, why, temporary=True, symbol=chart.channel.symbol))


def _messages(chart: Chart, history: History) -> Iterator[dict[str, object]]:
    """The history in chunks, the oldest first; one without candles when there are none."""
    candles = [_value(candle) for candle in history.candles]
    for start in range(0, max(1, len(candles)), CHUNK):
        more = start + CHUNK < len(candles)
        part = candles[start : start + CHUNK]
        yield historical(chart.channel, chart.instrument, part, more=more, missing=history.missing)


def _seen(history: History) -> dict[int, int]:
    return {candle.time: candle.revision for candle in history.candles if candle.state is not CandleState.FORMING}


def _value(candle: Candle) -> CandleValue:
    return CandleValue(candle.instrument, candle.timeframe, candle.time, *candle.row[:-1])

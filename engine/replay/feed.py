"""A provider's feed as it was recorded: the adapter's own decoder, and connections that live again."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import anyio

from engine.providers.base import (
    Advice,
    Capabilities,
    Connection,
    Decoder,
    FeedLimits,
    LiveFeed,
    Mode,
    Notify,
    ProviderError,
    Route,
    ignore,
)
from engine.recording import Frame, Lost, Opened
from engine.replay.clock import RecordedClock
from engine.replay.timeline import Place, Timeline

AT_ONCE_NS = 1_000_000
"""Frames closer than this come one after the other without a wait: waking costs more than all of their ticks."""
PATIENCE_NS = 1_000_000_000
"""So much later than the recorded engine ours may be, when it gives a connection up of itself."""


class ReplayFeed:
    """Connects when the recorded engine did, and fails as it did. Frames come at their times of receipt."""

    def __init__(self, adapter: LiveFeed, timeline: Timeline, clock: RecordedClock) -> None:
        self.decoders: list[Decoder] = []
        self._adapter = adapter
        self._timeline = timeline
        self._clock = clock
        self._numbers: dict[str, int] = {}
        """Which connection has an instrument, by segment key, as recordings know connections by number."""
        self._open: set[int] = set()
        """Connections that were open at the point of the recording where their readers are."""

    @property
    def name(self) -> str:
        return self._adapter.name

    @property
    def capabilities(self) -> Capabilities:
        return self._adapter.capabilities

    @property
    def limits(self) -> FeedLimits:
        return self._adapter.limits

    def plan(self, routes: Sequence[Route]) -> list[list[Route]]:
        planned = self._adapter.plan(routes)
        if not self._numbers:  # what is planned later joins connections that are there
            self._numbers = {route.key: number for number, together in enumerate(planned) for route in together}
        return planned

    def decoder(self, routes: Sequence[Route]) -> Decoder:
        self.decoders.append(self._adapter.decoder(routes))
        return self.decoders[-1]

    @asynccontextmanager
    async def connect(
        self, routes: Sequence[Route], *, since_ns: int = 0, notify: Notify = ignore
    ) -> AsyncGenerator[Connection]:
        number = self._number(routes)
        await self._opening(number)
        yield ReplayConnection(self, self._timeline, self._clock, number)

    def _number(self, routes: Sequence[Route]) -> int:
        """That of the connection which had one of these, else the next one."""
        following = max(self._numbers.values(), default=-1) + 1
        number = next((self._numbers[route.key] for route in routes if route.key in self._numbers), following)
        self._numbers |= {route.key: number for route in routes}
        return number

    async def _opening(self, number: int) -> None:
        """Returns when the connection is open; one that the recorded engine still had is so at once."""
        place = self.name, number
        while True:
            match await self._timeline.next(place):
                case None:
                    raise await self.silence()
                case Lost() as lost if number not in self._open:
                    raise await self._failure(place, lost)
                case Lost():
                    self.left(number)  # the end of a connection that ours gave up before
                case Opened() as opened:
                    await self._clock.reach(opened.at_ns)
                    self._timeline.take(place)
                    self._open.add(number)
                    return
                case Frame():
                    self._open.add(number)
                    return

    async def silence(self) -> ProviderError:
        """Nothing comes any more; whoever waits is cancelled at the end."""
        await anyio.sleep_forever()
        return ProviderError("the recording has ended")

    async def lost(self, number: int, lost: Lost) -> ProviderError:
        """The connection ends as it did."""
        self._open.discard(number)
        return await self._failure((self.name, number), lost)

    def left(self, number: int) -> None:
        """The end of a connection that nobody waits for any more."""
        self._open.discard(number)
        self._timeline.take((self.name, number))

    def abandoned(self, number: int) -> ProviderError:
        """The recorded engine left the connection by itself, and ours has not."""
        self._open.discard(number)
        return ProviderError("the recorded engine gave this connection up here")

    async def _failure(self, place: Place, lost: Lost) -> ProviderError:
        await self._clock.reach(lost.at_ns)
        self._timeline.take(place)
        return ProviderError(lost.detail, advice=Advice(lost.advice), wait_s=lost.wait_s, code=lost.code)


class ReplayConnection:
    """One recorded socket."""

    def __init__(self, feed: ReplayFeed, timeline: Timeline, clock: RecordedClock, number: int) -> None:
        self._feed = feed
        self._timeline = timeline
        self._clock = clock
        self._number = number
        self._place = feed.name, number
        self._heard_s = anyio.current_time()

    @property
    def heard_s(self) -> float:
        """Heartbeats are not recorded: when the last frame came."""
        return self._heard_s

    async def receive(self) -> bytes:
        """The next frame, at its time; the clock shows that very time when this returns."""
        match await self._timeline.next(self._place):
            case Frame() as frame:
                await self._clock.reach(frame.ts_recv - AT_ONCE_NS)
                self._timeline.take(self._place)
                self._clock.show(frame.ts_recv)
                self._heard_s = anyio.current_time()
                return frame.data
            case Lost() as lost:
                raise await self._feed.lost(self._number, lost)
            case Opened() as opened:
                await self._clock.reach(opened.at_ns + PATIENCE_NS)
                raise self._feed.abandoned(self._number)
            case None:
                raise await self._feed.silence()

    async def subscribe(self, routes: Sequence[Route], mode: Mode | None = None) -> None:
        """What was subscribed is recorded."""

    async def unsubscribe(self, routes: Sequence[Route]) -> None:
        """What was subscribed is recorded."""

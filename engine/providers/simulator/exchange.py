"""The exchange: a running market, and the doors through which its clients see it."""

import time
from collections.abc import Callable
from typing import Final

import msgspec
import trio

from engine.providers.simulator.clock import ExchangeClock
from engine.providers.simulator.door import Door, DoorStatistics, Traded
from engine.providers.simulator.faults import Faults
from engine.providers.simulator.halts import HaltedMarket
from engine.providers.simulator.level_shifts import ShiftedMarket
from engine.providers.simulator.speech import Speech
from engine.providers.simulator.stream import Stream
from engine.providers.simulator.tape import Market

STEP_S: Final = 0.025
"""How often what was traded is sent, in seconds."""


class ExchangeStatistics(msgspec.Struct, frozen=True):
    """What the exchange has done so far."""

    now_ns: int
    """Its own clock."""
    doors: dict[str, DoorStatistics]


class Exchange:
    """Streams a market through its doors.

    The clock is the exchange's own: it stamps trades and decides what has happened. Faults are planned in real seconds
    since the start, each at a door; what is planned there of the market itself (halts, changes of level) is true at all.
    """

    def __init__(
        self, market: Market, *, clock: ExchangeClock, monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._levels = ShiftedMarket(market)
        self.market = HaltedMarket(self._levels)
        self.doors: dict[str, Door] = {}
        self._halted: set[int] = set()
        self._clock = clock
        self._monotonic_s = monotonic_s
        self._started_s = monotonic_s()
        self._stream = Stream(market, now_ns=clock.now_ns())

    def open(self, name: str, speech: Speech, *, faults: Faults | None = None, volume_offset: int = 0) -> Door:
        """One more door."""
        self.doors[name] = door = Door(name, speech, self, faults=faults, volume_offset=volume_offset)
        return door

    @property
    def faults(self) -> Faults:
        """Those of the first door."""
        return next(iter(self.doors.values())).faults

    @property
    def now_ns(self) -> int:
        """The moment up to which everything has been streamed; history ends here."""
        return self._stream.now_ns

    @property
    def elapsed_s(self) -> float:
        """Real seconds since the start."""
        return self._monotonic_s() - self._started_s

    async def run(self) -> None:
        """Step for ever."""
        while True:
            self.step()
            await trio.sleep(STEP_S)

    def step(self) -> None:
        """Tell at all doors what was traded since the step before."""
        self._halt()
        for door in self.doors.values():
            door.strike()
        traded = self._traded()
        for door in self.doors.values():
            door.tell(traded)

    def statistics(self) -> ExchangeStatistics:
        return ExchangeStatistics(self.now_ns, {name: door.statistics() for name, door in self.doors.items()})

    # What the doors ask

    def follow(self, index: int) -> None:
        """Stream an instrument from now on; a clock that was held runs then."""
        self._clock.release()
        self._stream.follow(index)

    def leave(self, index: int) -> None:
        """Stream an instrument no longer, unless another door still follows it."""
        if not any(door.follows(index) for door in self.doors.values()):
            self._stream.leave(index)

    def shift_level(self, factor: float) -> None:
        """From now on everything trades at so many times its price."""
        self._levels.shift(self.now_ns + 1, factor)

    def indexes(self, symbol: str) -> list[int]:
        """Where a symbol stands in the listings; all places for no symbol, none for an unknown one."""
        listings = self.market.listings
        return [index for index, listing in enumerate(listings) if symbol in ("", listing.instrument)]

    # Streaming

    def _halt(self) -> None:
        """Halts begin and end between two steps."""
        elapsed_s = self.elapsed_s
        names = {name for door in self.doors.values() for name in door.faults.halted(elapsed_s)}
        if not names and not self._halted:
            return
        halted = set(self.indexes("")) if "" in names else {index for name in names for index in self.indexes(name)}
        for index in halted - self._halted:
            self.market.halt(index, self.now_ns)
        for index in self._halted - halted:
            self.market.resume(index, self.now_ns)
        self._halted = halted

    def _traded(self) -> Traded:
        """What was traded since the step before; tapes made before a halt or a change of level know nothing of it."""
        events = self._stream.step(self._clock.now_ns())
        if self.market.halts:
            events = [
                (index, self.market.cut(index, event))
                for index, event in events
                if not self.market.is_halted(index, event.time_ns)
            ]
        return [(index, self._levels.event(index, event)) for index, event in events]

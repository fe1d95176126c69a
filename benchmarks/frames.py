"""What the benchmarks feed: Dhan quote frames, and a feed that hands them over from memory."""

import struct
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager
from random import Random

import anyio
import anyio.lowlevel

from engine.providers.base import Capabilities, Mode, Notify, Route, ignore
from engine.providers.dhan.decoder import INDIAN_OFFSET_S, DhanDecoder
from engine.providers.dhan.planner import LIMITS

QUOTE = struct.Struct("<BHBIfHIfIIIffff")
"""Dhan's quote packet: 50 bytes, code 4."""
FIRST_ID = 1000
SEGMENT = "NSE_EQ"
PER_FRAME = 100
"""Packets in a frame, as the simulated exchange fills them under load."""
FEW_A_FRAME = 20


def wall_s() -> int:
    """Now, as Dhan writes it."""
    return int(time.time()) + INDIAN_OFFSET_S


class QuoteMaker:
    """Endless quotes, round-robin over the instruments; every packet is a trade and the volumes only rise."""

    def __init__(self, instruments: int) -> None:
        chance = Random(7)
        self._prices = [chance.uniform(50, 3000) for _ in range(instruments)]
        self._closes = list(self._prices)
        """Of the day before: what has no believable one would be held until others confirm it."""
        self._volumes = [100_000] * instruments
        self._steps = [chance.gauss(0, 5e-4) for _ in range(4096)]
        self._made = 0

    def frames(self, count: int, per_frame: int = PER_FRAME) -> list[bytes]:
        """The next frames, traded a second from now: to be fed at once."""
        packets = self._packets()
        return [b"".join(next(packets) for _ in range(per_frame)) for _ in range(count)]

    def _packets(self) -> Iterator[bytes]:
        prices, volumes, steps, pack = self._prices, self._volumes, self._steps, QUOTE.pack
        traded_at = wall_s() + 1
        while True:
            number = self._made % len(prices)
            self._made += 1
            price = prices[number] = prices[number] * (1 + steps[self._made & 4095])
            volumes[number] += 10
            yield pack(
                4, QUOTE.size, 1, FIRST_ID + number, price, 10, traded_at, price, volumes[number], 5, 6,
                100.0, self._closes[number], 4000.0, 40.0,
            )  # fmt: skip


class FrameConnection:
    """Hands frames over from memory; waits when it has none left."""

    def __init__(self) -> None:
        self._frames: Iterator[bytes] = iter(())
        self._more = anyio.Event()
        self.drained = anyio.Event()

    def put(self, frames: Sequence[bytes]) -> None:
        self._frames = iter(frames)
        self.drained = anyio.Event()
        self._more.set()

    @property
    def heard_s(self) -> float:
        return anyio.current_time()

    async def receive(self) -> bytes:
        await anyio.lowlevel.checkpoint()  # as every socket does
        while True:
            frame = next(self._frames, None)
            if frame is not None:
                return frame
            self.drained.set()
            self._more = anyio.Event()
            await self._more.wait()

    async def subscribe(self, routes: Sequence[Route], mode: Mode | None = None) -> None:
        """Everybody is subscribed."""

    async def unsubscribe(self, routes: Sequence[Route]) -> None:
        """Nobody leaves."""


class FrameFeed:
    """A live feed whose one connection is a ``FrameConnection``."""

    name = "benchmark"
    capabilities = Capabilities()
    limits = LIMITS

    def __init__(self) -> None:
        self.connection = FrameConnection()
        self.decoder_in_use: DhanDecoder | None = None

    def plan(self, routes: Sequence[Route]) -> list[list[Route]]:
        return [list(routes)]

    def decoder(self, routes: Sequence[Route]) -> DhanDecoder:
        self.decoder_in_use = DhanDecoder(routes, provider=self.name)
        return self.decoder_in_use

    @asynccontextmanager
    async def connect(
        self,
        routes: Sequence[Route],  # noqa: ARG002 - the contract
        *,
        since_ns: int = 0,  # noqa: ARG002 - the contract
        notify: Notify = ignore,  # noqa: ARG002 - the contract
    ) -> AsyncGenerator[FrameConnection]:
        yield self.connection

"""From Dhan frames to candles through the real actors, beside a bare loop over the same frames.

Short turns of each, one after the other, in one process; a figure is the median of the process's own CPU time. What happens every 50 ms and
every second is counted too, and weighs more on a busy machine: there fewer ticks pass between. The stores are left out,
and so is the socket: ``ingest`` measures with both.
"""

import statistics
import time
from collections.abc import Sequence

import trio

from benchmarks.actors import handled, names, running_actors, start_instruments
from benchmarks.frames import FEW_A_FRAME, FIRST_ID, PER_FRAME, QUOTE, FrameFeed, QuoteMaker
from engine.market import Tick

INSTRUMENTS = 5_000
TICKS_A_TURN = 50_000
TURN_S = 0.5


def run(seconds: float) -> dict[str, float]:
    """``ticks_per_s`` of one core, and ``over_bare_loop`` in CPU time per tick; ``…_20`` with 20 quotes a frame."""
    turns = max(3, round(seconds / TURN_S / 2))
    few = trio.run(_measure, turns, FEW_A_FRAME)
    return trio.run(_measure, turns, PER_FRAME) | {f"{name}_{FEW_A_FRAME}": figure for name, figure in few.items()}


async def _measure(turns: int, per_frame: int) -> dict[str, float]:
    feed, maker, loop = FrameFeed(), QuoteMaker(INSTRUMENTS), BareLoop(names(INSTRUMENTS))
    async with running_actors(feed) as system:
        await start_instruments(system, INSTRUMENTS)
        ours: list[float] = []
        bare: list[float] = []
        for _ in range(turns):
            frames = maker.frames(TICKS_A_TURN // per_frame, per_frame)
            began_s = time.process_time()
            feed.connection.put(frames)
            await handled(system, feed)
            ours.append(time.process_time() - began_s)
            bare.append(_cpu_of(loop, frames))
    our_s, bare_s = statistics.median(ours), statistics.median(bare)
    return {
        "ticks_per_s": TICKS_A_TURN / our_s,
        "cpu_us_per_tick": our_s / TICKS_A_TURN * 1e6,
        "bare_cpu_us_per_tick": bare_s / TICKS_A_TURN * 1e6,
        "over_bare_loop": our_s / bare_s,
    }


def _cpu_of(loop: "BareLoop", frames: Sequence[bytes]) -> float:
    began_s = time.process_time()
    for frame in frames:
        loop.take(frame)
    return time.process_time() - began_s


class BareLoop:
    """The least that Python must do: decode, make an object, look the instrument up, keep OHLCV."""

    def __init__(self, instruments: Sequence[str]) -> None:
        self._bars: dict[tuple[int, int], list[float]] = {}
        self._names = {(1, FIRST_ID + number): name for number, name in enumerate(instruments)}

    def take(self, frame: bytes) -> None:
        bars, known, unpack, size = self._bars, self._names, QUOTE.unpack_from, QUOTE.size
        for offset in range(0, len(frame), size):
            (
                _, _, segment, security_id, price, quantity, traded_at, _, volume, _, _, opens, close, high, low,
            ) = unpack(frame, offset)  # fmt: skip
            key = segment, security_id
            tick = Tick(
                known[key], price, quantity, volume, traded_at, 0, "bare", None, None, None, opens, high, low, close
            )
            bar = bars.get(key)
            if bar is None:
                bars[key] = [price, price, price, price, 0, volume]
                continue
            if price > bar[1]:
                bar[1] = price
            elif price < bar[2]:
                bar[2] = price
            bar[3] = tick.price
            bar[4] += volume - bar[5]
            bar[5] = volume

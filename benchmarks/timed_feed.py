"""A Dhan feed whose prices tell when they were sent, to a tenth of a millisecond: ``python -m benchmarks.timed_feed``.

``PORT INSTRUMENTS RATE``; quotes go round-robin over the instruments, 20 a frame, at so many a second. Nothing on the way
needs to carry a time of its own, and rounding to ticks of 0.05 does not hurt it.
"""

import asyncio
import json
import sys
import time

from websockets.asyncio.server import ServerConnection, serve

from benchmarks.frames import FEW_A_FRAME, FIRST_ID, QUOTE, wall_s
from benchmarks.processes import PROMPT

BASE = 100.0
TICK = 0.05
UNIT_NS = 100_000
ROUND = 1 << 20
"""Units until the prices begin anew, 104 s: what a 32-bit float keeps apart."""
PAUSE_S = 0.002


def price_now() -> float:
    return BASE + TICK * (time.monotonic_ns() // UNIT_NS % ROUND)


def age_ms(price: float, now_ns: int) -> float:
    """How long ago a price was sent, in milliseconds."""
    return (now_ns // UNIT_NS - round((price - BASE) / TICK)) % ROUND * UNIT_NS / 1e6


async def feed(connection: ServerConnection, instruments: int, rate: float) -> None:
    subscribed = 0
    while subscribed < instruments:
        subscribed += len(json.loads(await connection.recv())["InstrumentList"])
    sent, began_s = 0, time.monotonic()
    while True:
        while sent + FEW_A_FRAME <= (time.monotonic() - began_s) * rate:
            await connection.send(_frame(sent, instruments))
            sent += FEW_A_FRAME
        await asyncio.sleep(PAUSE_S)


def _frame(sent: int, instruments: int) -> bytes:
    price, traded_at = price_now(), wall_s()
    return b"".join(
        QUOTE.pack(
            4, QUOTE.size, 1, FIRST_ID + number % instruments, price, 10, traded_at, price,
            1000 + 10 * (number // instruments), 5, 6, BASE, BASE, 60_000.0, BASE,
        )
        for number in range(sent, sent + FEW_A_FRAME)
    )  # fmt: skip


async def main(port: int, instruments: int, rate: float) -> None:
    async def handler(connection: ServerConnection) -> None:
        await feed(connection, instruments, rate)

    async with serve(handler, "127.0.0.1", port, compression=None, ping_interval=None) as server:
        print(PROMPT, flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))

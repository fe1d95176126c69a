"""A Dhan feed of one option chain whose volumes tell when they were sent: ``python -m benchmarks.leg_feed``.

``PORT RATE``; quotes go round-robin over the legs, 20 a frame, at so many a second, and of the index once a frame. Prices
are those of a market with a smile, moved by a tick to and fro; the volume of a day only rises, as time does.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from itertools import count, islice
from typing import Final

from websockets.asyncio.server import ServerConnection, serve

from benchmarks.frames import FEW_A_FRAME, QUOTE, wall_s
from benchmarks.legs import FIRST_LEG, INDEX_ID, legs, worth
from benchmarks.processes import PROMPT

UNIT_NS: Final = 100_000
ROUND: Final = 1 << 31
"""Units until volumes begin anew, 59 hours: what fits into the packet."""
PAUSE_S: Final = 0.002
SPOT: Final = 26_000.0
TICK: Final = 0.05
_INDEX_SEGMENT: Final = 0
_LEG_SEGMENT: Final = 2


def volume_now() -> int:
    return time.monotonic_ns() // UNIT_NS % ROUND


def age_ms(volume: int, now_ns: int) -> float:
    """How long ago a volume was sent, in milliseconds."""
    return (now_ns // UNIT_NS - volume) % ROUND * UNIT_NS / 1e6


async def feed(connection: ServerConnection, rate: float) -> None:
    contracts, subscribed = legs(), 0
    prices = [worth(contract) for contract in contracts]
    while subscribed <= len(contracts):
        subscribed += len(json.loads(await connection.recv())["InstrumentList"])
    packets, began_s, sent = _packets(prices), time.monotonic(), 0
    while True:
        while sent + FEW_A_FRAME <= (time.monotonic() - began_s) * rate:
            await connection.send(b"".join([_index(), *islice(packets, FEW_A_FRAME)]))
            sent += FEW_A_FRAME
        await asyncio.sleep(PAUSE_S)


def _packets(prices: list[float]) -> Iterator[bytes]:
    for number in count():
        place = number % len(prices)
        price = prices[place] + TICK * (number // len(prices) % 2)
        yield _packet(_LEG_SEGMENT, FIRST_LEG + place, price, prices[place], volume_now())


def _index() -> bytes:
    return _packet(_INDEX_SEGMENT, INDEX_ID, SPOT, SPOT, 0)


def _packet(segment: int, security_id: int, price: float, close: float, volume: int) -> bytes:
    return QUOTE.pack(
        4, QUOTE.size, segment, security_id, price, 75, wall_s(), price, volume, 5, 6, close, close, price, close
    )


async def main(port: int, rate: float) -> None:
    async def handler(connection: ServerConnection) -> None:
        await feed(connection, rate)

    async with serve(handler, "127.0.0.1", port, compression=None, ping_interval=None) as server:
        print(PROMPT, flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))

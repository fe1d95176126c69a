"""A Dhan feed that answers each subscription with a quote, as Dhan does: ``python -m benchmarks.greeting_feed PORT``.

Every subscribed instrument trades once a second from then on, at a price that tells which connection it came over. Each line
it reads cuts the connections that are open, without a word, and is answered with when that was and the next one's price.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from benchmarks.frames import PER_FRAME, QUOTE, wall_s
from benchmarks.processes import PROMPT

PRICE = 100.0
TICK = 0.05
ROUND_S = 1.0


class Feed:
    """All connections; each has its own subscriptions."""

    def __init__(self) -> None:
        self.open: set[ServerConnection] = set()
        self._volume = 1_000
        self._price = PRICE

    async def serve(self, connection: ServerConnection) -> None:
        self.open.add(connection)
        price, self._price = self._price, round(self._price + TICK, 2)
        self._volume += 10  # trading went on meanwhile
        subscribed: list[int] = []
        trading = asyncio.create_task(self._trade(connection, subscribed, price))
        try:
            async for message in connection:
                numbers = [int(one["SecurityId"]) for one in json.loads(message).get("InstrumentList", ())]
                subscribed += numbers
                await connection.send(self._frame(numbers, price))
        except ConnectionClosed:
            pass
        finally:
            trading.cancel()
            self.open.discard(connection)

    def cut(self) -> dict[str, float]:
        """All that are open; when, and which price the next one has."""
        cut_s = time.monotonic()
        for connection in tuple(self.open):
            connection.transport.abort()
        return {"cut_s": cut_s, "price": self._price}

    async def _trade(self, connection: ServerConnection, subscribed: list[int], price: float) -> None:
        while True:
            await asyncio.sleep(ROUND_S)
            self._volume += 10
            for start in range(0, len(subscribed), PER_FRAME):
                await connection.send(self._frame(subscribed[start : start + PER_FRAME], price))

    def _frame(self, numbers: Sequence[int], price: float) -> bytes:
        traded_at = wall_s()
        return b"".join(
            QUOTE.pack(
                4, QUOTE.size, 1, number, price, 10, traded_at, price, self._volume, 5, 6, PRICE, PRICE, price, PRICE
            )
            for number in numbers
        )  # fmt: skip


async def main(port: int) -> None:
    feed = Feed()
    async with serve(feed.serve, "127.0.0.1", port, compression=None, ping_interval=None):
        print(PROMPT, flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(feed.cut()), flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))

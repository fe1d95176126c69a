"""All clients at once, as after a restart: how long until each of 2,000 has its answer, and how many have none."""

import asyncio
import time

from benchmarks.clients import ANSWER, handshake, subscription
from benchmarks.processes import TOKEN, our, timed_feed
from benchmarks.stores import free_port, own_stores, symbol

INSTRUMENTS = 500
SUBSCRIPTIONS = 20
CLIENTS = 2_000
RATE = 1_000
PATIENCE_S = 60.0


def run(seconds: float) -> dict[str, float]:  # noqa: ARG001 - it lasts as long as it takes
    """``seconds`` until the last client is subscribed; ``failed`` are refused, cut off, or without answer in a minute."""
    feed_port, web_port = free_port(), free_port()
    with (
        own_stores(INSTRUMENTS) as stores,
        timed_feed(feed_port, INSTRUMENTS, RATE),
        our("engine", stores, feed_port),
        our("web", stores, feed_port, web_port) as web,
    ):
        cpu_s, resident = web.cpu_s, web.resident_bytes
        took_s, failed = asyncio.run(_ramp(web_port))
        return {
            "seconds": took_s,
            "failed": failed,
            "clients_per_cpu_s": (CLIENTS - failed) / (web.cpu_s - cpu_s),
            "bytes_per_client": (web.resident_bytes - resident) / CLIENTS,
        }


async def _ramp(port: int) -> tuple[float, int]:
    """How long it took, and how many failed; all stay connected until the last has its answer."""
    began_s, together = time.monotonic(), asyncio.Event()
    clients = [Arrival(number, port, together) for number in range(CLIENTS)]
    tasks = [asyncio.create_task(client.run()) for client in clients]
    await asyncio.gather(*(client.settled.wait() for client in clients))
    took_s = time.monotonic() - began_s
    together.set()
    await asyncio.gather(*tasks)
    return took_s, sum(not client.subscribed for client in clients)


class Arrival:
    """One client on its way in."""

    def __init__(self, number: int, port: int, together: asyncio.Event) -> None:
        first = number * SUBSCRIPTIONS
        self._wish = subscription([symbol((first + step) % INSTRUMENTS) for step in range(SUBSCRIPTIONS)])
        self._port = port
        self._together = together
        self.settled = asyncio.Event()
        self.subscribed = False

    async def run(self) -> None:
        """Subscribes, and reads on until all others have come."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                await self._subscribe(reader, writer)
        except (OSError, EOFError, TimeoutError):
            self.settled.set()
            return
        self.subscribed = True
        self.settled.set()
        reading = asyncio.create_task(_read_on(reader))
        await self._together.wait()
        reading.cancel()
        writer.close()

    async def _subscribe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(handshake(TOKEN))
        await reader.readuntil(b"\r\n\r\n")
        writer.write(self._wish)
        await reader.readuntil(ANSWER)


async def _read_on(reader: asyncio.StreamReader) -> None:
    while await reader.read(1 << 16):
        pass

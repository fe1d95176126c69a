"""The pump: the one loop that writes to all clients, and the watch over those that have fallen silent."""

from collections.abc import Callable
from time import thread_time

import anyio
import anyio.lowlevel

from web.hub.hub import Hub
from web.protocol import Close

INTERVAL_S = 0.1
"""Time between two flushes while there is little to do."""
LONGEST_INTERVAL_S = 0.5
SHARE = 0.1
"""How much of the loop's time flushing may take before its interval grows: a write costs the kernel 7 µs whatever it
carries, so with a thousand clients fewer and fuller frames leave the core to everybody else."""
CLIENTS_A_SLICE = 100
"""Clients written to before others may use the loop: some 2 ms."""
LISTEN_INTERVAL_S = 15.0
SILENT_ROUNDS = 3
"""Rounds of pings without a sign of life after which a client counts as gone."""


class Pump:
    """Moves what the hub has to the clients, again and again."""

    def __init__(self, hub: Hub, now_ms: Callable[[], int], spent_s: Callable[[], float] = thread_time) -> None:
        """``spent_s`` tells the time this thread has worked so far: what others do on the machine is not our work."""
        self._hub = hub
        self._now_ms = now_ms
        self._spent_s = spent_s

    async def run(self) -> None:
        """Flushes until it is cancelled; the more there is to do, the less often."""
        while True:
            began, spent = anyio.current_time(), self._spent_s()
            await self.flush()
            interval = min(LONGEST_INTERVAL_S, max(INTERVAL_S, (self._spent_s() - spent) / SHARE))
            await anyio.sleep(max(0.0, began + interval - anyio.current_time()))

    async def flush(self) -> None:
        """Writes everything once and hands it to each client that has something waiting."""
        self._hub.distribute()
        now_ms = self._now_ms()
        for number, outbox in enumerate(self._hub.outboxes, 1):
            outbox.flush(now_ms)
            if number % CLIENTS_A_SLICE == 0:
                await anyio.lowlevel.checkpoint()

    async def listen(self) -> None:
        """Pings all clients now and then, and ends the connections of those that do not answer."""
        while True:
            await anyio.sleep(LISTEN_INTERVAL_S)
            for number, outbox in enumerate(self._hub.outboxes, 1):
                if outbox.line.listen() >= SILENT_ROUNDS:
                    outbox.close(Close.NO_PONG, "no pong")
                if number % CLIENTS_A_SLICE == 0:
                    await anyio.lowlevel.checkpoint()

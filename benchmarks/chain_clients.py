"""Clients that follow one option chain: ``python -m benchmarks.chain_clients PORT TOKEN CLIENTS CHANNEL``.

Says READY when each has been told the chain; answers each ``begin end`` (ns, CLOCK_MONOTONIC) with how old the legs of
a ``leg_feed`` were that were new in the pushes of that time.
"""

import asyncio
import json
import re
import sys
import time

from websockets.asyncio.client import connect

from benchmarks.leg_feed import age_ms
from benchmarks.processes import PROMPT

VOLUME = re.compile(r'"volume":(\d+)')
MOST_BYTES = 1 << 22


class Follower:
    """One socket, and what it was told when."""

    def __init__(self) -> None:
        self.told: list[tuple[int, int, list[float]]] = []
        """When, how many characters, and how old what was new was (ms)."""
        self._known: set[str] = set()
        self.begun = asyncio.Event()

    async def follow(self, port: int, token: str, channel: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        url = f"ws://127.0.0.1:{port}/ws"
        async with connect(
            url, additional_headers=headers, compression=None, max_size=MOST_BYTES, proxy=None
        ) as socket:
            await socket.send(json.dumps({"action": "subscribe", "channels": [channel]}))
            async for text in socket:
                self._take(str(text))

    def _take(self, text: str) -> None:
        now_ns, volumes = time.monotonic_ns(), VOLUME.findall(text)
        new = [volume for volume in volumes if volume not in self._known]
        self._known = set(volumes)
        if new:
            self.begun.set()
            self.told.append((now_ns, len(text), [age_ms(int(volume), now_ns) for volume in new]))


def report(followers: list[Follower], begin_ns: int, end_ns: int) -> dict[str, float]:
    pushes = [one for each in followers for one in each.told if begin_ns <= one[0] < end_ns]
    ages = sorted(age for _, _, found in pushes for age in found) or [0.0]
    seconds = (end_ns - begin_ns) / 1e9
    return {
        "p50_ms": ages[len(ages) // 2],
        "p99_ms": ages[min(len(ages) - 1, int(len(ages) * 0.99))],
        "pushes_per_s": len(pushes) / len(followers) / seconds,
        "kb_a_push": sum(size for _, size, _ in pushes) / max(1, len(pushes)) / 1024,
        "legs_per_s": len(ages) / len(followers) / seconds,
    }


async def main(port: int, token: str, clients: int, channel: str) -> None:
    followers = [Follower() for _ in range(clients)]
    async with asyncio.TaskGroup() as tasks:
        going = [tasks.create_task(one.follow(port, token, channel)) for one in followers]
        await asyncio.gather(*(one.begun.wait() for one in followers))
        print(PROMPT, flush=True)
        while window := await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(report(followers, *map(int, window.split()))), flush=True)
        for one in going:
            one.cancel()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]))

"""The status line: how the run goes, in one line, from what the web says of itself and what the launcher restarted."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec
import trio

from engine.launcher.plan import Launch
from engine.runtime import ActorSnapshot

_PATIENCE_S = 0.8
_COUNTER = re.compile(r'^ticktree_counter\{name="(\w+)",process="[^"]*"\} (\S+)', re.MULTILINE)


class StatusLine:
    """Makes the line, again and again: rates are differences between two of them."""

    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        self._ticks: tuple[float, float] | None = None

    async def text(self, tree: ActorSnapshot) -> str:
        """The line as it is now."""
        data = "simulated" if self._launch.settings.simulated else "real"
        try:
            with trio.fail_after(_PATIENCE_S):
                heartbeat = msgspec.json.decode(await _get(self._launch.url, "/api/v1/health/market_stream"))
                counters = counters_of((await _get(self._launch.url, "/metrics")).decode())
        except (OSError, trio.TooSlowError, trio.BrokenResourceError, msgspec.DecodeError):
            words = ["no answer from the web"]
        else:
            words = [*feed_words(heartbeat), *self._rate(counters), f"{counters['clients']:.0f} clients"]
        return " · ".join([f"{data} data", *words, *process_words(tree)])

    def _rate(self, counters: Mapping[str, float]) -> list[str]:
        """Ticks a second since the last line, where the engine counts them."""
        before, self._ticks = self._ticks, (trio.current_time(), counters["ticks"])
        if before is None or self._ticks[1] <= before[1]:
            return []
        return [f"{(self._ticks[1] - before[1]) / (self._ticks[0] - before[0]):,.0f} ticks/s"]


def feed_words(heartbeat: Mapping[str, Any]) -> list[str]:
    """How many feeds are in which state."""
    feeds: Mapping[str, Mapping[str, Any]] = heartbeat.get("feeds", {})
    states = Counter(str(feed.get("status")) for feed in feeds.values())
    if not states:
        return [f"engine {heartbeat.get('status', 'unknown')}"]
    return ["feeds " + ", ".join(f"{count} {state}" for state, count in sorted(states.items()))]


def process_words(tree: ActorSnapshot) -> list[str]:
    """Which processes are away now, and how often any was restarted."""
    away = [f"{child.path.rpartition('/')[2]} {child.state}" for child in tree.children if child.state != "running"]
    return [*away, f"{sum(child.restarts for child in tree.children)} restarts"]


def counters_of(metrics: str) -> Counter[str]:
    """What all processes together count, from Prometheus' text."""
    counters: Counter[str] = Counter()
    for name, value in _COUNTER.findall(metrics):
        counters[name] += int(float(value))
    return counters


async def _get(url: str, path: str) -> bytes:
    """The body of the answer, whatever its status. HTTP/1.0: the answer ends when the connection does."""
    host, _, port = url.rpartition("//")[2].rpartition(":")
    async with await trio.open_tcp_stream(host.strip("[]"), int(port)) as stream:
        await stream.send_all(f"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
        answer = b""
        async for chunk in stream:
            answer += chunk
    return answer.partition(b"\r\n\r\n")[2]

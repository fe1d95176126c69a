"""From a leg's tick to a client's screen: engine, Redis and web process between, at 2,000 ticks a second of one chain.

Included are the socket to the engine, the reckoning of all 200 legs, and the clients' flush every 100 ms; 20 clients follow
the chain. Each push is the whole chain, and of each leg only the newest is sent, so only its age is counted.
"""

import contextlib
import time
from collections.abc import Generator

from benchmarks.legs import UNDERLYING, expiry, listed
from benchmarks.processes import TOKEN, Process, our, started
from benchmarks.stores import free_port, own_stores

RATE = 2_000
CLIENTS = 20
WARM_UP_S = 8.0


def run(seconds: float) -> dict[str, float]:
    """``p50_ms`` and ``p99_ms`` from feed to client, ``pushes_per_s`` to each, and how much each carries (``kb_a_push``)."""
    feed_port, web_port = free_port(), free_port()
    with (
        own_stores(listed()) as stores,
        _ready("benchmarks.leg_feed", str(feed_port), str(RATE)),
        our("engine", stores, feed_port) as engine,
        our("web", stores, feed_port, web_port) as web,
        _ready(
            "benchmarks.chain_clients", str(web_port), TOKEN, str(CLIENTS), f"chain.{UNDERLYING}.{expiry()}"
        ) as clients,
    ):
        time.sleep(WARM_UP_S)
        began_ns, spent_s = time.monotonic_ns(), (engine.cpu_s, web.cpu_s)
        time.sleep(seconds)
        ended_ns = time.monotonic_ns()
        told: dict[str, float] = clients.ask(f"{began_ns} {ended_ns}")
        took_s = (ended_ns - began_ns) / 1e9
        told["engine_cpu"] = (engine.cpu_s - spent_s[0]) / took_s
        told["web_cpu"] = (web.cpu_s - spent_s[1]) / took_s
        return told


@contextlib.contextmanager
def _ready(module: str, *arguments: str) -> Generator[Process]:
    with started(["-m", module, *arguments]) as process:
        process.wait_until_ready()
        yield process

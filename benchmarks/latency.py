"""From a frame's sending to a client's receiving: engine, Redis and web process between, at three rates.

Included are the socket to the engine, the publishing every 50 ms and the clients' flush every 100 ms; 50 clients follow
20 of 5,000 instruments each. Only the newest price of a flush is sent, so only its age is counted.
"""

import time

from benchmarks.processes import crowd, our, timed_feed
from benchmarks.stores import Stores, free_port, own_stores

INSTRUMENTS = 5_000
RATES = (1_000, 5_000, 20_000)
CLIENTS = 50
SUBSCRIPTIONS = 20
WARM_UP_S = 8.0


def run(seconds: float) -> dict[str, float]:
    """``p50_ms_N`` and ``p99_ms_N`` at N ticks/s."""
    with own_stores(INSTRUMENTS) as stores:
        return {
            f"{name}_{rate}": figure
            for rate in RATES
            for name, figure in _at(stores, rate, seconds / len(RATES)).items()
        }


def _at(stores: Stores, rate: int, seconds: float) -> dict[str, float]:
    feed_port, web_port = free_port(), free_port()
    with (
        timed_feed(feed_port, INSTRUMENTS, rate),
        our("engine", stores, feed_port),
        our("web", stores, feed_port, web_port),
        crowd(web_port, CLIENTS, SUBSCRIPTIONS, INSTRUMENTS) as clients,
    ):
        time.sleep(WARM_UP_S)
        began_ns = time.monotonic_ns()
        time.sleep(seconds)
        told = clients.ask(f"{began_ns} {time.monotonic_ns()}")
    return {"p50_ms": told["p50_ms"], "p99_ms": told["p99_ms"]}

"""Updates to many clients: 20 of 500 symbols each, beside the usual design with its web in a process of its own.

Both are fed by the usual design's feed at ``RATE`` ticks/s, one quote a frame. An update is one price at one client;
those that conflation left out are not counted. Ours are joined, all that is new for a client in one frame, the usual
design sends a frame each. What is compared is updates per CPU second of the web process.
"""

import time
from typing import NamedTuple

from benchmarks.processes import crowd, our, usual_bench, usual_feed
from benchmarks.stores import Stores, free_port, own_stores

INSTRUMENTS = 500
SUBSCRIPTIONS = 20
CLIENTS = (50, 200, 1_000)
RATE = 1_000
WARM_UP_S = 4.0


class Window(NamedTuple):
    updates_per_s: float
    frames_per_s: float
    updates_per_cpu_s: float


def run(seconds: float) -> dict[str, float]:
    """``deliveries_per_s_N`` to N clients, and ``ratio_vs_usual_1000``."""
    figures: dict[str, float] = {}
    with own_stores(INSTRUMENTS) as stores:
        for clients in CLIENTS:
            usual = _usual(stores, clients, seconds / len(CLIENTS))
            ours = _ours(stores, clients, seconds / len(CLIENTS))
            figures |= {
                f"deliveries_per_s_{clients}": ours.updates_per_s,
                f"frames_per_s_{clients}": ours.frames_per_s,
                f"deliveries_per_cpu_s_{clients}": ours.updates_per_cpu_s,
                f"usual_deliveries_per_s_{clients}": usual.updates_per_s,
                f"usual_deliveries_per_cpu_s_{clients}": usual.updates_per_cpu_s,
                f"ratio_vs_usual_{clients}": ours.updates_per_cpu_s / usual.updates_per_cpu_s,
            }
    return figures


def _ours(stores: Stores, clients: int, seconds: float) -> Window:
    feed_port, web_port = free_port(), free_port()
    with (
        usual_feed(feed_port, INSTRUMENTS, RATE, 1) as feed,
        our("engine", stores, feed_port),
        our("web", stores, feed_port, web_port) as web,
    ):
        feed.tell("go")
        with crowd(web_port, clients, SUBSCRIPTIONS, INSTRUMENTS) as sockets:
            time.sleep(WARM_UP_S)
            began_ns, cpu_s = time.monotonic_ns(), web.cpu_s
            time.sleep(seconds)
            ended_ns, spent_s = time.monotonic_ns(), web.cpu_s - cpu_s
            told = sockets.ask(f"{began_ns} {ended_ns}")
    span_s = (ended_ns - began_ns) / 1e9
    return Window(told["updates"] / span_s, told["frames"] / span_s, told["updates"] / spent_s)


def _usual(stores: Stores, clients: int, seconds: float) -> Window:
    told = usual_bench(
        stores.redis_url,
        "--split",
        rate=RATE,
        instruments=INSTRUMENTS,
        clients=clients,
        subs=SUBSCRIPTIONS,
        batch=200,
        fanout="queue",
        seconds=seconds,
        warmup=WARM_UP_S,
        port=_free_pair(),
        feed_port=free_port(),
    )
    rate, web_share = told["deliveries_per_s"], told["cpu_pct"]["web"] / 100
    return Window(rate, rate, rate / web_share)


def _free_pair() -> int:
    """A port whose successor, which the usual design's second process takes, is most likely free as well."""
    return free_port()

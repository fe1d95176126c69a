"""Updates to many clients: 20 of 500 symbols each, beside the usual design with its web in a process of its own.

Both are fed by the usual design's feed at ``RATE`` ticks/s, one quote a frame. An update is one price at one client;
those that conflation left out are not counted. Ours are joined, all that is new for a client in one frame, the usual
design sends a frame each. What is compared is updates per CPU second of the web process, or of both where two of ours
share the clients.
"""

import time
from contextlib import ExitStack
from typing import NamedTuple

from benchmarks.processes import Process, crowd, our, usual_bench, usual_feed
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
    """``deliveries_per_s_N`` to N clients, ``ratio_vs_usual_1000``, and the same of two web processes."""
    figures: dict[str, float] = {}
    with own_stores(INSTRUMENTS) as stores:
        for clients in CLIENTS:
            usual = _usual(stores, clients, seconds / len(CLIENTS))
            ours = _ours(stores, clients, seconds / len(CLIENTS), webs=1)
            figures |= {
                f"deliveries_per_s_{clients}": ours.updates_per_s,
                f"frames_per_s_{clients}": ours.frames_per_s,
                f"deliveries_per_cpu_s_{clients}": ours.updates_per_cpu_s,
                f"usual_deliveries_per_s_{clients}": usual.updates_per_s,
                f"usual_deliveries_per_cpu_s_{clients}": usual.updates_per_cpu_s,
                f"ratio_vs_usual_{clients}": ours.updates_per_cpu_s / usual.updates_per_cpu_s,
            }
            if clients == CLIENTS[-1]:
                both = _ours(stores, clients, seconds / len(CLIENTS), webs=2)
                figures |= {
                    f"two_webs_deliveries_per_s_{clients}": both.updates_per_s,
                    f"two_webs_deliveries_per_cpu_s_{clients}": both.updates_per_cpu_s,
                    f"two_webs_ratio_vs_usual_{clients}": both.updates_per_cpu_s / usual.updates_per_cpu_s,
                }
    return figures


def _ours(stores: Stores, clients: int, seconds: float, *, webs: int) -> Window:
    feed_port, ports = free_port(), [free_port() for _ in range(webs)]
    with ExitStack() as running:
        feed = running.enter_context(usual_feed(feed_port, INSTRUMENTS, RATE, 1))
        running.enter_context(our("engine", stores, feed_port))
        processes = [running.enter_context(our("web", stores, feed_port, port)) for port in ports]
        feed.tell("go")
        crowds = [running.enter_context(crowd(port, clients // webs, SUBSCRIPTIONS, INSTRUMENTS)) for port in ports]
        time.sleep(WARM_UP_S)
        began_ns, cpu_s = time.monotonic_ns(), _cpu_s(processes)
        time.sleep(seconds)
        ended_ns, spent_s = time.monotonic_ns(), _cpu_s(processes) - cpu_s
        told = [sockets.ask(f"{began_ns} {ended_ns}") for sockets in crowds]
    span_s, updates = (ended_ns - began_ns) / 1e9, sum(one["updates"] for one in told)
    return Window(updates / span_s, sum(one["frames"] for one in told) / span_s, updates / spent_s)


def _cpu_s(processes: list[Process]) -> float:
    return sum(process.cpu_s for process in processes)


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

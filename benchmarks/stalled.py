"""Clients that hardly read, and what the others notice: one of 51 that never reads, then 50 of 1,000 that read a byte a second.

The slow ones follow everything, so that their buffers are full soon, and come and go: how old the prices of the others
are is measured in turn without and with them, and the middle of the rounds is compared. A round is shorter than the
45 s after which a client that answers no ping is taken for gone.
"""

import contextlib
import statistics
import time
from collections.abc import Generator
from typing import NamedTuple

from benchmarks.clients import Client
from benchmarks.processes import TOKEN, Process, crowd, our, timed_feed
from benchmarks.stores import Stores, free_port, own_stores, symbol

INSTRUMENTS = 500
SUBSCRIPTIONS = 20
RATE = 1_000
ROUNDS = 3
WARM_UP_S = 4.0
FILLING_S = 6.0
"""Until the buffers of a slow client are full."""
EVERYTHING = [symbol(number) for number in range(INSTRUMENTS)]


class Case(NamedTuple):
    others: int
    slow: int
    bytes_per_s: int


class Found(NamedTuple):
    p99_ms: float
    p99_beside_ms: float
    grown_bytes: float
    """How much larger the web process was with all slow clients than before the first of them."""


ONE_STALLED = Case(others=50, slow=1, bytes_per_s=0)
FIFTY_SLOW = Case(others=950, slow=50, bytes_per_s=1)


def run(seconds: float) -> dict[str, float]:
    """``others_p99_ratio`` beside one client that never reads; ``slow_…`` beside 50 of 1,000 that read a byte a second."""
    feed_port, each_s = free_port(), seconds / (2 * 2 * ROUNDS)
    with own_stores(INSTRUMENTS) as stores, timed_feed(feed_port, INSTRUMENTS, RATE), our("engine", stores, feed_port):
        one, fifty = (_measured(case, stores, feed_port, each_s) for case in (ONE_STALLED, FIFTY_SLOW))
    return {
        "others_p99_ratio": one.p99_beside_ms / one.p99_ms,
        "p99_ms": one.p99_ms,
        "slow_others_p99_ratio": fifty.p99_beside_ms / fifty.p99_ms,
        "slow_p99_ms": fifty.p99_ms,
        "slow_bytes_per_client": fifty.grown_bytes / FIFTY_SLOW.slow,
    }


def _measured(case: Case, stores: Stores, feed_port: int, seconds: float) -> Found:
    web_port, alone, beside, sizes = free_port(), list[float](), list[float](), list[int]()
    with (
        our("web", stores, feed_port, web_port) as web,
        crowd(web_port, case.others, SUBSCRIPTIONS, INSTRUMENTS) as others,
    ):
        time.sleep(WARM_UP_S)
        before = web.resident_bytes
        for _ in range(ROUNDS):
            alone.append(_p99_ms(others, [], 0, seconds))
            with _connected(web_port, case.slow) as slow:
                _pass(FILLING_S, slow, case.bytes_per_s)
                beside.append(_p99_ms(others, slow, case.bytes_per_s, seconds))
                sizes.append(web.resident_bytes)
    return Found(statistics.median(alone), statistics.median(beside), max(sizes) - before)


@contextlib.contextmanager
def _connected(port: int, count: int) -> Generator[list[Client]]:
    clients = [Client(port, TOKEN, EVERYTHING, reads_little=True) for _ in range(count)]
    yield clients
    for client in clients:
        client.socket.close()


def _p99_ms(others: Process, slow: list[Client], bytes_per_s: int, seconds: float) -> float:
    began_ns = time.monotonic_ns()
    _pass(seconds, slow, bytes_per_s)
    return others.ask(f"{began_ns} {time.monotonic_ns()}")["p99_ms"]


def _pass(seconds: float, slow: list[Client], bytes_per_s: int) -> None:
    """Lets time pass, in which the slow clients read what they do."""
    ends_s = time.monotonic() + seconds
    while (left_s := ends_s - time.monotonic()) > 0:
        time.sleep(min(1.0, left_s))
        for client in slow if bytes_per_s else ():
            with contextlib.suppress(BlockingIOError):
                client.socket.recv(bytes_per_s)

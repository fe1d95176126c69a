"""A line of 5,000 instruments is cut: how soon its ticks reach Redis again, through a real engine.

The exchange ends the socket without a word, after it was up long enough for a reconnect at once, and answers each
subscription with the last trade, as Dhan does. What is heard is what web processes hear: prices as they are published, 20
times a second. Engine and exchange are processes of their own.
"""

import statistics
import threading
import time
from collections.abc import Callable
from typing import Any

import msgspec
import redis

from actors.channels import MARKET_DATA
from benchmarks.processes import OUR_INDEX, Process, our, started
from benchmarks.stores import free_port, own_stores

INSTRUMENTS = 5_000
STABLE_S = 32.0
"""A line that was up so long is reconnected at once."""
CUTS = 3
PATIENCE_S = 60.0


class Listener:
    """Hears what is published, in a thread of its own."""

    def __init__(self, url: str) -> None:
        self._channel = redis.Redis.from_url(url).pubsub()
        self._channel.subscribe(MARKET_DATA)
        self._heard: dict[str, float] = {}
        self._least = 0.0
        self._thread = threading.Thread(target=self._listen)
        self._is_over = False
        self._thread.start()

    def begin(self, price: float) -> None:
        """Anew; what is cheaper came over an earlier connection, and was under way."""
        self._heard, self._least = {}, price - 0.01

    @property
    def heard(self) -> list[float]:
        """When each instrument was heard first, in order."""
        return sorted(self._heard.values())

    def close(self) -> None:
        self._is_over = True
        self._thread.join()
        self._channel.close()

    def _listen(self) -> None:
        while not self._is_over:
            message: Any = self._channel.get_message(ignore_subscribe_messages=True, timeout=0.5)
            if message is not None:
                now_s, heard = time.monotonic(), self._heard
                for row in msgspec.msgpack.decode(message["data"])[4]:
                    if row[1] > self._least:
                        heard.setdefault(row[0], now_s)


def run(seconds: float) -> dict[str, float]:
    """``first_tick_s_5000``: from the cut to the first tick; ``last_instrument_s``: to the last instrument's first.

    The median of three cuts, which take two minutes; less than a second's wish makes one.
    """
    cuts, port = CUTS if seconds >= 1 else 1, free_port()
    with (
        own_stores(INSTRUMENTS) as stores,
        started(["-m", "benchmarks.greeting_feed", str(port)]) as exchange,
    ):
        exchange.wait_until_ready()
        listener = Listener(f"{stores.redis_url}/{OUR_INDEX}")
        try:
            with our("engine", stores, port) as engine:
                _until(lambda: len(listener.heard) == INSTRUMENTS, "all instruments to be heard")
                found = [_cut(exchange, engine, listener) for _ in range(cuts)]
        finally:
            listener.close()
    first_s, last_s, cpu_s = (statistics.median(figures) for figures in zip(*found, strict=True))
    return {
        "first_tick_s_5000": first_s,
        "last_instrument_s": last_s,
        "engine_cpu_s": cpu_s,
        "instruments": INSTRUMENTS,
        "cuts": cuts,
    }


def _cut(exchange: Process, engine: Process, listener: Listener) -> tuple[float, float, float]:
    """Seconds to the first tick and to the last instrument, and what the engine took of a processor."""
    time.sleep(STABLE_S)
    cpu_s = engine.cpu_s
    cut = exchange.ask()
    listener.begin(cut["price"])
    _until(lambda: len(listener.heard) == INSTRUMENTS, "all instruments to be heard again")
    heard = listener.heard
    return heard[0] - cut["cut_s"], heard[-1] - cut["cut_s"], engine.cpu_s - cpu_s


def _until(holds: Callable[[], bool], what: str) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > deadline_s:
            raise RuntimeError(f"waited {PATIENCE_S:g} s in vain for {what}")
        time.sleep(0.002)

"""Memory of one more instrument in the engine, and of one more client in the web process; resident, not estimated.

An instrument is its whole place in the engine: actor, mailbox, ref and cell, book with all timeframes, volume meter,
route and decoder's entry, after ticks and a closed minute. A client follows 20 of 500 symbols, which tick.
"""

import gc
import time

import psutil
import trio

from actors.messages import SettleUp
from benchmarks.actors import handled, running_actors, start_instruments
from benchmarks.frames import PER_FRAME, FrameFeed, QuoteMaker
from benchmarks.processes import crowd, our, usual_feed
from benchmarks.stores import free_port, own_stores

INSTRUMENTS = 20_000
CLIENTS = 1_000
SYMBOLS = 500
SUBSCRIPTIONS = 20
RATE = 1_000
SETTLE_S = 5.0


def run(seconds: float) -> dict[str, float]:
    """``bytes_per_instrument`` and ``bytes_per_client``."""
    return {"bytes_per_instrument": trio.run(_per_instrument), "bytes_per_client": _per_client(seconds)}


async def _per_instrument() -> float:
    feed, maker = FrameFeed(), QuoteMaker(INSTRUMENTS)
    async with running_actors(feed) as system:
        before = _resident_bytes()
        wanted = await start_instruments(system, INSTRUMENTS)
        for _ in range(5):
            feed.connection.put(maker.frames(INSTRUMENTS // PER_FRAME))
            await handled(system, feed)
            await trio.sleep(1.2)
        feed.connection.put([])
        for route in wanted:
            route.target.tell(SettleUp(system.clock.now_ns()))
        await trio.sleep(2)
        return (_resident_bytes() - before) / INSTRUMENTS


def _resident_bytes() -> int:
    gc.collect()
    return psutil.Process().memory_info().rss


def _per_client(seconds: float) -> float:
    feed_port, web_port = free_port(), free_port()
    with (
        own_stores(SYMBOLS) as stores,
        usual_feed(feed_port, SYMBOLS, RATE, 1) as feed,
        our("engine", stores, feed_port),
        our("web", stores, feed_port, web_port) as web,
    ):
        feed.tell("go")
        with crowd(web_port, 1, SUBSCRIPTIONS, SYMBOLS):
            time.sleep(SETTLE_S)
        before = web.resident_bytes
        with crowd(web_port, CLIENTS, SUBSCRIPTIONS, SYMBOLS):
            time.sleep(max(SETTLE_S, seconds))
            return (web.resident_bytes - before) / CLIENTS

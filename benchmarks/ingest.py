"""Everything contract section 3 lists for 5,000 unwatched instruments, written and published through a real server.

A real engine process on a real feed socket, beside the usual design in its strong variant; turn about, on the same kind
of Redis and on the same feed as fast as it is read. Quotes come ``PER_FRAME`` a frame; 20 a frame, and one, which is what
the usual design is fed with unless it is told otherwise, are given beside it. A minute's close falls into a window of 60 s once.
"""

import statistics
import time
from typing import NamedTuple, cast

from redis import Redis

from benchmarks.frames import FEW_A_FRAME, PER_FRAME
from benchmarks.processes import our, usual_bench, usual_feed
from benchmarks.stores import Stores, free_port, own_stores

INSTRUMENTS = 5_000
TURNS = 2
WARM_UP_S = 8.0


class Turn(NamedTuple):
    ticks_per_s: float
    cpu_us_per_tick: float
    redis_cpu_us_per_tick: float
    dropped: float


def run(seconds: float) -> dict[str, float]:
    """``ratio_vs_usual``: sustained ticks/s over the usual design's."""
    figures: dict[str, float] = {}
    with own_stores(INSTRUMENTS) as stores:
        for per_frame, name in ((PER_FRAME, ""), (FEW_A_FRAME, f"_{FEW_A_FRAME}"), (1, "_1")):
            ours, usual = _turns(stores, per_frame, seconds / TURNS)
            rate = statistics.mean(turn.ticks_per_s for turn in ours)
            usual_rate = statistics.mean(turn.ticks_per_s for turn in usual)
            figures |= {
                f"ticks_per_s{name}": rate,
                f"usual_ticks_per_s{name}": usual_rate,
                f"ratio_vs_usual{name}": rate / usual_rate,
                f"engine_cpu_us_per_tick{name}": statistics.mean(turn.cpu_us_per_tick for turn in ours),
                f"redis_cpu_us_per_tick{name}": statistics.mean(turn.redis_cpu_us_per_tick for turn in ours),
                f"usual_cpu_us_per_tick{name}": statistics.mean(turn.cpu_us_per_tick for turn in usual),
                f"usual_redis_cpu_us_per_tick{name}": statistics.mean(turn.redis_cpu_us_per_tick for turn in usual),
                f"dropped{name}": sum(turn.dropped for turn in ours),
            }
    return figures | {"per_frame": PER_FRAME}


def _turns(stores: Stores, per_frame: int, seconds: float) -> tuple[list[Turn], list[Turn]]:
    ours: list[Turn] = []
    usual: list[Turn] = []
    for _ in range(TURNS):
        usual.append(_usual_turn(stores, per_frame, seconds))
        ours.append(_our_turn(stores, per_frame, seconds))
    return ours, usual


def _usual_turn(stores: Stores, per_frame: int, seconds: float) -> Turn:
    told = usual_bench(
        stores.redis_url,
        rate=0,
        instruments=INSTRUMENTS,
        batch=200,
        fanout="queue",
        per_frame=per_frame,
        seconds=seconds,
        warmup=WARM_UP_S,
        port=free_port(),
        feed_port=free_port(),
    )
    return Turn(told["ticks_per_s"], told["app_cpu_us_per_tick"], told["redis_cpu_us_per_tick"], 0)


def _our_turn(stores: Stores, per_frame: int, seconds: float) -> Turn:
    port = free_port()
    with usual_feed(port, INSTRUMENTS, 0, per_frame) as feed, our("engine", stores, port) as engine:
        feed.tell("go")
        time.sleep(WARM_UP_S)
        before, cpu_s, redis_s = engine.ask(), engine.cpu_s, _redis_cpu_s(stores)
        time.sleep(seconds)
        after = engine.ask()
        ticks = after["ticks"] - before["ticks"]
        return Turn(
            ticks / (after["time_s"] - before["time_s"]),
            (engine.cpu_s - cpu_s) / ticks * 1e6,
            (_redis_cpu_s(stores) - redis_s) / ticks * 1e6,
            after["dropped"],
        )


def _redis_cpu_s(stores: Stores) -> float:
    with Redis.from_url(stores.redis_url) as server:
        told = cast("dict[str, float]", server.info("cpu"))
    return told["used_cpu_user"] + told["used_cpu_sys"]

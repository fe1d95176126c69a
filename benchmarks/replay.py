"""A recorded market lived through again as fast as one processor can: 500 instruments, 5,000 ticks a second.

Adapters, actors, candles of all timeframes and stores in memory, all in one thread, as ``ticktree replay`` does it.
"""

import logging
import tempfile
import time
from pathlib import Path

import structlog

from benchmarks.recording import made_recording
from config.settings import Settings
from engine.replay import replay

INSTRUMENTS = 500
TICKS_PER_S = 5_000
PER_FRAME = 20
TIMES_REAL = 6
"""About how many times as fast as it was one processor is, so that the recording is long enough to be measured."""


def run(seconds: float) -> dict[str, float]:
    """``ticks_per_s``, and ``times_real_time``: how many recorded seconds one second takes; on a busy machine ``ticks_per_cpu_s`` says more."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory() as folder:
        length_s = max(60, int(seconds * TIMES_REAL))
        file = made_recording(
            Path(folder), instruments=INSTRUMENTS, seconds=length_s, ticks_per_s=TICKS_PER_S, per_frame=PER_FRAME
        )
        size = file.stat().st_size
        began_s = time.process_time()
        summary, _ = replay([file], Settings(providers=("simulator",)))
    cpu_s = time.process_time() - began_s
    return {
        "ticks_per_s": summary.ticks_per_s,
        "times_real_time": summary.times_real_time,
        "ticks_per_cpu_s": summary.ticks / cpu_s,
        "ticks": summary.ticks,
        "candles": summary.candles,
        "instruments": INSTRUMENTS,
        "recorded_bytes_per_tick": size / summary.ticks,
    }

"""What the processes under measurement run: ``python -m benchmarks.roles engine|web``, set up by the environment.

The engine answers each line it reads with its counts; both say READY first and run until they are killed.
"""

import gc
import json
import logging
import sys
import time

import structlog
from pydantic import SecretStr

from benchmarks.processes import PROMPT
from config.settings import Settings
from engine.runtime import ActorSystem

# ruff: noqa: PLC0415 - each role loads what its process loads: with the engine's bridge, all of asyncio is slower


def main() -> None:
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    settings = Settings(secret_key=SecretStr("a-key-for-measurements-only-long-enough"))
    if sys.argv[1] == "engine":
        import trio

        trio.run(_engine, settings)
    else:
        _web(settings)


async def _engine(settings: Settings) -> None:
    import trio

    from engine.boot import clock_of, running_engine

    async with running_engine(settings, clock_of(settings)) as (system, _):
        gc.collect()
        gc.freeze()  # as run_engine does
        _ready()
        while await trio.to_thread.run_sync(sys.stdin.readline):
            print(json.dumps(_counts(system)), flush=True)


def _counts(system: ActorSystem) -> dict[str, float]:
    broadcaster = system.snapshot("/engine/broadcaster").mailbox
    instruments = system.snapshot("/engine/instruments").children
    return {
        "time_s": time.monotonic(),
        "ticks": broadcaster.processed,
        "dropped": broadcaster.dropped + sum(child.mailbox.dropped for child in instruments),
    }


def _web(settings: Settings) -> None:
    from web.app import run_web

    run_web(settings, None, _ready)


def _ready() -> None:
    print(PROMPT, flush=True)


if __name__ == "__main__":
    main()

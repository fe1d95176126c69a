"""The processes that are measured: an engine, a web process, feeds, and the usual design beside them."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import IO, Any

import fastapi as _fastapi  # noqa: F401 - the usual design needs both, in a process where nobody would see them missing
import psutil
import uvicorn as _uvicorn  # noqa: F401

from benchmarks.stores import PROVIDER, Stores

FOLDER = Path(__file__).parent
USUAL_DESIGN = FOLDER / "usual_design.py"
OUR_INDEX = 1
USUAL_INDEX = 0
TOKEN = "a-token-for-benchmarks"
PROMPT = "READY"


class Process:
    """A child that says READY, and then answers each line with one of JSON."""

    def __init__(self, popen: subprocess.Popen[str]) -> None:
        self._popen = popen
        self._meter = psutil.Process(popen.pid)

    @property
    def cpu_s(self) -> float:
        """Processor time it has had, in seconds."""
        times = self._meter.cpu_times()
        return times.user + times.system

    @property
    def resident_bytes(self) -> int:
        return self._meter.memory_info().rss

    def wait_until_ready(self) -> None:
        for line in _stream(self._popen.stdout):
            if line.strip() == PROMPT:
                return
        raise RuntimeError(f"{self._popen.args} ended before it was ready")

    def tell(self, line: str) -> None:
        stream = _stream(self._popen.stdin)
        stream.write(f"{line}\n")
        stream.flush()

    def ask(self, line: str = "") -> dict[str, Any]:
        self.tell(line)
        return json.loads(_stream(self._popen.stdout).readline())


def _stream(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


@contextlib.contextmanager
def started(
    arguments: list[str], environment: Mapping[str, str] | None = None, *, python: str = sys.executable
) -> Generator[Process]:
    """A Python process of these arguments; killed at the end."""
    popen = subprocess.Popen(
        [python, *arguments],
        env={**os.environ, **(environment or {})},
        cwd=FOLDER.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Process(popen)
    finally:
        popen.kill()
        popen.wait()


@contextlib.contextmanager
def our(role: str, stores: Stores, feed_port: int, web_port: int = 0) -> Generator[Process]:
    """Our engine or web process, ready."""
    with started(["-m", "benchmarks.roles", role], _environment(stores, feed_port, web_port)) as process:
        process.wait_until_ready()
        yield process


def _environment(stores: Stores, feed_port: int, web_port: int) -> dict[str, str]:
    return {
        "REDIS_URL": f"{stores.redis_url}/{OUR_INDEX}",
        "DATABASE_URL": stores.database_url,
        "TICKTREE_PROVIDERS": PROVIDER,
        "DHAN_CLIENT_ID": "1000000001",
        "DHAN_ACCESS_TOKEN": "benchmark",
        "DHAN_FEED_URL": f"ws://127.0.0.1:{feed_port}",
        "DHAN_REST_URL": "http://127.0.0.1:9/v2",  # nobody is there: history is not measured
        "TICKTREE_ADMIN_TOKEN": TOKEN,
        "TICKTREE_MASTERS_AT": "off",
        "PORT": str(web_port),
    }


@contextlib.contextmanager
def usual_feed(port: int, instruments: int, rate: float, per_frame: int) -> Generator[Process]:
    """The usual design's own feed, which speaks Dhan's packets; ``tell("go")`` starts it."""
    options = {"feed-port": port, "instruments": instruments, "rate": rate, "per-frame": per_frame}
    with started([str(USUAL_DESIGN), "mock", *_options(options)]) as process:
        process.wait_until_ready()
        yield process


def usual_bench(redis_url: str, *flags: str, **options: float | str) -> dict[str, Any]:
    """One measurement of the usual design, by itself."""
    written = {name.replace("_", "-"): value for name, value in options.items()}
    command = [sys.executable, str(USUAL_DESIGN), "bench", "--redis", f"{redis_url}/{USUAL_INDEX}", *_options(written)]
    done = subprocess.run([*command, *flags], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def _options(options: Mapping[str, float | str]) -> list[str]:
    return [part for name, value in options.items() for part in (f"--{name}", str(value))]


@contextlib.contextmanager
def timed_feed(port: int, instruments: int, rate: float) -> Generator[Process]:
    """A feed whose prices tell when they were sent."""
    with started(["-m", "benchmarks.timed_feed", str(port), str(instruments), str(rate)]) as process:
        process.wait_until_ready()
        yield process


@contextlib.contextmanager
def crowd(web_port: int, clients: int, subscriptions: int, instruments: int) -> Generator[Process]:
    """Clients of our web process, subscribed."""
    counts = (str(number) for number in (clients, subscriptions, instruments))
    with started(["-m", "benchmarks.clients", str(web_port), TOKEN, *counts]) as process:
        process.wait_until_ready()
        yield process

"""The embedded stores as programs: what they print goes to a file, and they are ready when they let a client in."""

import os
import subprocess
from pathlib import Path
from typing import BinaryIO

import trio

from engine.launcher.process import Program, Started
from engine.storage.embedded import ServerProcess

_PROBE_INTERVAL_S = 0.05
_FULL_BYTES = 10_000_000
"""A log file larger than this is put aside at the next start."""


def server_program(server: ServerProcess, log_file: Path) -> Program:
    """The server as a program to supervise; its address stays the same over all its starts."""

    def start() -> Started:
        with _opened(log_file) as log:
            return Started(server.start(stdout=log, stderr=subprocess.STDOUT), serves)

    async def serves() -> None:
        while not server.is_ready():  # noqa: ASYNC110 - only asking tells
            await trio.sleep(_PROBE_INTERVAL_S)

    return Program(
        server.name,
        start,
        ready_within_s=60.0,
        stop_signal=server.stop_signal,
        stop_within_s=server.stop_budget_s,
        advice=f"What it said is in {log_file}.",
    )


def _opened(log_file: Path) -> BinaryIO:
    """The file to append to, for us alone; a full one gives way, and the one before it is forgotten."""
    if log_file.exists() and log_file.stat().st_size > _FULL_BYTES:
        log_file.replace(log_file.with_suffix(".old.log"))
    descriptor = os.open(log_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    return os.fdopen(descriptor, "ab", buffering=0)

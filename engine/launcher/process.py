"""One child process: waited for without polling, ready when it serves, stopped politely and then surely."""

import os
import signal
import subprocess
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple

import trio

from engine.runtime import PlainError

_POLL_S = 0.05


class ProcessError(PlainError):
    """A child process failed."""


class Started(NamedTuple):
    """A child that has begun."""

    popen: subprocess.Popen[bytes]
    serves: Callable[[], Awaitable[None]]
    """Returns once it serves; need not return when the child ends before."""
    close: Callable[[], None] = lambda: None
    """Gives back what waiting for that needed; may be called again."""


@dataclass(frozen=True, slots=True)
class Program:
    """What to run, and how long its start and its stop may take."""

    name: str
    start: Callable[[], Started]
    """Starts it, on the main thread: a child dies with the *thread* that started it."""
    ready_within_s: float = 30.0
    stop_signal: signal.Signals = signal.SIGTERM
    stop_within_s: float = 5.0
    """Afterwards it is killed."""
    advice: str = ""
    """Where to look when it does not start."""


class Process:
    """A running child."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._popen, self._serves, self._close = program.start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._popen.pid

    async def wait(self) -> int:
        """Its exit code, once it has ended; minus the signal's number when a signal ended it."""
        if self._popen.poll() is None:
            await _ended(self._popen)
        return self._popen.wait()

    async def ready(self) -> None:
        """Returns once it serves; raises ProcessError when it ends before, or takes longer than its time."""
        name, limit = self.program.name, self.program.ready_within_s
        advice = f" {self.program.advice}" if self.program.advice else ""
        try:
            with trio.move_on_after(limit) as within:
                await self._serves_or_ended()
        finally:
            self._close()
        if within.cancelled_caught:
            raise ProcessError(f"{name}: expected to be ready within {limit:g} s, was not.{advice}")
        if self._popen.poll() is not None:
            raise ProcessError(f"{name}: expected to become ready, {outcome(self._popen.returncode)}.{advice}")

    async def stop(self) -> int:
        """Asks it to end, kills it when its time is over, and gives its exit code."""
        if self._popen.poll() is None:
            self._popen.send_signal(self.program.stop_signal)
        try:
            with trio.move_on_after(self.program.stop_within_s):
                await self.wait()
        finally:
            self.kill()
            self._close()
        with trio.CancelScope(shield=True):  # a killed process ends: the wait is short
            await self.wait()
        return self._popen.returncode

    def kill(self) -> None:
        """Ends it at once, and what it started if it leads a group of its own."""
        if self._popen.poll() is None:
            leads = os.getpgid(self.pid) == self.pid
            (os.killpg if leads else os.kill)(self.pid, signal.SIGKILL)

    async def _serves_or_ended(self) -> None:
        async with trio.open_nursery() as nursery:

            async def until(event: Callable[[], Awaitable[object]]) -> None:
                await event()
                nursery.cancel_scope.cancel()

            nursery.start_soon(until, self.wait)
            nursery.start_soon(until, self._serves)


def outcome(code: int) -> str:
    """How a process ended, in words."""
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"


async def _ended(popen: subprocess.Popen[bytes]) -> None:
    """Returns when the process has ended; each waiter has its own descriptor, since trio lets one wait on each."""
    if not hasattr(os, "pidfd_open"):
        while popen.poll() is None:  # noqa: ASYNC110 - nothing else tells
            await trio.sleep(_POLL_S)
        return
    descriptor = os.pidfd_open(popen.pid)
    try:
        await trio.lowlevel.wait_readable(descriptor)
    finally:
        os.close(descriptor)

"""One child process: started so that it dies with us, waited for without polling, stopped politely and then surely."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import trio

READY_FD = "TICKTREE_READY_FD"
"""Names the pipe on which a process of ours says that it is ready."""

_PR_SET_PDEATHSIG = 1
_POLL_S = 0.05


class ProcessError(Exception):
    """A child process failed."""


@dataclass(frozen=True, slots=True)
class Command:
    """What to start, how to know that it is ready, and how to stop it."""

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """All of its variables; nothing is inherited."""
    file_descriptors: tuple[int, ...] = ()
    user: int | None = None
    """User and group id to run as; ours when ``None``."""
    probe: Callable[[], Awaitable[None]] | None = None
    """Returns once the process serves; without one the process says so on its pipe."""
    ready_within_s: float = 30.0
    stop_signal: signal.Signals = signal.SIGTERM
    stop_within_s: float = 5.0
    """Afterwards it is killed."""


class Process:
    """A running child, leader of a session of its own: a Ctrl-C in the terminal reaches only us."""

    def __init__(self, command: Command, output: int | None = None) -> None:
        self.command = command
        reading, writing = os.pipe()
        self._reading = os.fdopen(reading, "rb", buffering=0)
        try:
            self._popen = _start(command, writing, output)
        except OSError as error:
            self._reading.close()
            raise ProcessError(f"{command.name}: expected to start {command.arguments[0]}, was: {error}.") from error
        finally:
            os.close(writing)

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
        limit = self.command.ready_within_s
        try:
            with trio.move_on_after(limit) as within:
                await self._ready_or_ended()
        finally:
            self._reading.close()
        if within.cancelled_caught:
            raise ProcessError(f"{self.command.name}: expected to be ready within {limit:g} s, was not.")
        if self._popen.poll() is not None:
            raise ProcessError(f"{self.command.name}: expected to become ready, {outcome(self._popen.returncode)}.")

    async def stop(self) -> int:
        """Asks it to end, kills it when its time is over, and gives its exit code."""
        if self._popen.poll() is None:
            self._popen.send_signal(self.command.stop_signal)
        try:
            with trio.move_on_after(self.command.stop_within_s):
                await self.wait()
        finally:
            self.kill()
        with trio.CancelScope(shield=True):  # a killed process ends: the wait is short
            await self.wait()
        return self._popen.returncode

    def kill(self) -> None:
        """Ends it and what it started, at once."""
        if self._popen.poll() is None:
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except ProcessLookupError:  # between fork and its own session
                self._popen.kill()

    async def _ready_or_ended(self) -> None:
        async with trio.open_nursery() as nursery:

            async def until(event: Callable[[], Awaitable[object]]) -> None:
                await event()
                nursery.cancel_scope.cancel()

            nursery.start_soon(until, self.wait)
            nursery.start_soon(until, self.command.probe or self._told)

    async def _told(self) -> None:
        await trio.lowlevel.wait_readable(self._reading)
        if not self._reading.read(1):  # the other end closed: it is about to end
            await trio.sleep_forever()


def outcome(code: int) -> str:
    """How a process ended, in words."""
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"


def tell_ready(environment: Mapping[str, str] = os.environ) -> None:
    """Says on the pipe of the process that started this one that it is ready; does nothing when there is none."""
    if READY_FD in environment:
        descriptor = int(environment[READY_FD])
        os.write(descriptor, b"1")
        os.close(descriptor)


def _start(command: Command, writing: int, output: int | None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own commands
        command.arguments,
        env={**command.environment, **({} if command.probe else {READY_FD: str(writing)})},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        pass_fds=(writing, *command.file_descriptors),
        start_new_session=True,
        user=command.user,
        group=command.user,
        extra_groups=None if command.user is None else [],
        preexec_fn=_dying_with(os.getpid()),  # noqa: PLW1509 - the launcher has one thread
    )


def _dying_with(parent: int) -> Callable[[], None] | None:
    """What the child does before its program starts, so that the kernel kills it when its parent ends (Linux only).

    The signal comes when the *thread* that started it ends: start processes on the main thread only.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl

    def die_with_parent() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended in between
            os.kill(os.getpid(), signal.SIGKILL)

    return die_with_parent


async def _ended(popen: subprocess.Popen[bytes]) -> None:
    """Returns when the process has ended; a descriptor of its own for each waiter, since trio allows one per descriptor."""
    if not hasattr(os, "pidfd_open"):
        while popen.poll() is None:  # noqa: ASYNC110 - nothing else tells
            await trio.sleep(_POLL_S)
        return
    descriptor = os.pidfd_open(popen.pid)
    try:
        await trio.lowlevel.wait_readable(descriptor)
    finally:
        os.close(descriptor)

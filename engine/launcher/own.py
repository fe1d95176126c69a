"""Programs of our own: they say on a pipe that they are ready, and die with us."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

import trio

from engine.launcher.process import ProcessError, Program, Started

READY_FD = "TICKTREE_READY_FD"
"""Names the pipe on which a process of ours says that it is ready."""

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Command:
    """A program by its arguments; it gets this environment and nothing else."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    file_descriptors: tuple[int, ...] = ()
    output: int | None = None
    """Descriptor for what it prints; ours when ``None``."""

    def start(self) -> Started:
        """Starts it as the leader of a session: a Ctrl-C in the terminal reaches only us."""
        reading, writing = os.pipe()
        pipe = os.fdopen(reading, "rb", buffering=0)
        try:
            popen = self._popen(writing)
        except OSError as error:
            pipe.close()
            raise ProcessError(f"{self.arguments[0]}: expected to start, was: {error}.") from error
        finally:
            os.close(writing)
        return Started(popen, lambda: _told(pipe), pipe.close)

    def _popen(self, writing: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - our own commands
            self.arguments,
            env={**self.environment, READY_FD: str(writing)},
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=self.output,
            pass_fds=(writing, *self.file_descriptors),
            start_new_session=True,
            preexec_fn=_dying_with(os.getpid()),  # noqa: PLW1509 - the launcher has one thread
        )


def program(name: str, command: Command, *, ready_within_s: float = 30.0, stop_within_s: float = 5.0) -> Program:
    """The command as a program to supervise."""
    return Program(name, command.start, ready_within_s=ready_within_s, stop_within_s=stop_within_s)


def started_by_a_launcher() -> bool:
    """Whether the process that started this one waits to hear that it is ready."""
    return READY_FD in os.environ


def tell_ready() -> None:
    """Says to the process that started this one that it is ready; does nothing when that does not listen."""
    if started_by_a_launcher():
        with os.fdopen(int(os.environ.pop(READY_FD)), "wb", buffering=0) as pipe:
            pipe.write(b"1")


async def _told(pipe: BinaryIO) -> None:
    await trio.lowlevel.wait_readable(pipe)
    if not pipe.read(1):  # the other end closed: it is about to end
        await trio.sleep_forever()


def _dying_with(parent: int) -> Callable[[], None] | None:
    """What the child does before its program starts, so that the kernel kills it when its parent ends (Linux only)."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl

    def die_with_parent() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended in between
            os.kill(os.getpid(), signal.SIGKILL)

    return die_with_parent

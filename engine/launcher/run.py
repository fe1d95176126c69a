"""A run from its first process to its exit code: start the tree, obey signals, stop it in order."""

import os
import signal
from collections.abc import Awaitable, Callable

import click
import structlog
import trio

from engine.launcher.actors import Children
from engine.launcher.process import ProcessError
from engine.runtime import ActorSystem, ChildSpec, EscalationError, StartError

log = structlog.get_logger("ticktree.launcher")

FAILED = 1
INTERRUPTED = 130
"""Exit code of a hard stop, as a shell gives it for Ctrl-C."""

Show = Callable[[ActorSystem, trio.Event], Awaitable[None]]
"""Shows a run until cancelled; the event is set when everything serves."""


async def supervise(plan: Callable[[Children], ChildSpec], show: Show) -> int:
    """Runs the tree of processes until a signal or its own end, and gives the exit code.

    The first Ctrl-C (or SIGTERM, SIGHUP) stops it in order, the second one kills what is left.
    """
    orders = Orders(children := Children())
    async with ActorSystem("launcher") as system, trio.open_nursery() as nursery:
        await nursery.start(orders.obey)
        nursery.start_soon(show, system, ready := trio.Event())
        code = 0
        with orders.running:
            code = await _run(system, plan(children), ready)
        await system.stop()
        nursery.cancel_scope.cancel()
    return INTERRUPTED if orders.hard else code


class Orders:
    """What signals ask of a run."""

    def __init__(self, children: Children) -> None:
        self._children = children
        self.running = trio.CancelScope()
        self.hard = False

    async def obey(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Obeys signals until cancelled."""
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
            task_status.started()
            async for number in signals:
                self._obey(signal.Signals(number))

    def _obey(self, number: signal.Signals) -> None:
        if self.hard:
            os._exit(INTERRUPTED)  # even the hard stop hangs
        if self.running.cancel_called:
            log.warning("killing", signal=number.name)
            self.hard = True
            self._children.kill()
        else:
            log.info("stopping", signal=number.name, hint="once more to stop at once, without saving")
            self.running.cancel()


async def _run(system: ActorSystem, tree: ChildSpec, ready: trio.Event) -> int:
    """Returns only when the tree could not be started or gave up."""
    try:
        await system.start(tree)
        ready.set()
        await system.join()
    except (StartError, EscalationError) as error:
        click.echo(f"ticktree: {_reason(error)}", err=True)
    return FAILED


def _reason(error: BaseException) -> BaseException:
    """The process that failed first, below what the supervisors say of it."""
    while not isinstance(error, ProcessError) and error.__cause__:
        error = error.__cause__
    return error

"""The actor system: one per process and loop; the tree's root, its scheduler, its clocks and its doors."""

from __future__ import annotations

import random
from contextlib import asynccontextmanager, contextmanager
from threading import get_ident
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakValueDictionary

import anyio
from anyio.from_thread import BlockingPortal

from engine.runtime.bulk import stop_all
from engine.runtime.cell import Cell
from engine.runtime.clock import Clock, SystemClock
from engine.runtime.dead_letters import DeadLetters
from engine.runtime.dispatcher import Dispatcher
from engine.runtime.errors import EscalationError, UnknownPathError, WrongStateError
from engine.runtime.mailbox import Mailbox
from engine.runtime.ref import ActorRef
from engine.runtime.registry import Registry
from engine.runtime.report import describe, system_failed
from engine.runtime.supervisor import Supervisor
from engine.runtime.timers import Timers

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator
    from types import TracebackType

    from engine.runtime.child_spec import ChildSpec
    from engine.runtime.snapshot import ActorSnapshot
    from engine.runtime.turns import Turns


WHOLE_TREE = 1_000


class ActorSystem:
    """``async with ActorSystem("engine") as system: ref = await system.start(spec); await system.join()``.

    Leaving the block stops the tree in good order, also when the block is cancelled.
    """

    def __init__(
        self,
        name: str = "system",
        *,
        clock: Clock | None = None,
        jitter: Callable[[], float] = random.random,
        turns: Turns | None = None,
    ) -> None:
        """``turns`` orders those who wait for the dispatcher, first come first served when not given."""
        self.name = name
        self.clock: Clock = clock or SystemClock()
        self.jitter = jitter
        self.dead_letters = DeadLetters(self.clock)
        self.dispatcher = Dispatcher(after_slice=self._leave_registry, turns=turns)
        self.timers = Timers()
        self._root: Cell | None = None
        self._error: EscalationError | None = None
        self._vacant: WeakValueDictionary[str, ActorRef] = WeakValueDictionary()
        self._leaving: list[ActorRef] = []
        self._in_bulk = False

    async def __aenter__(self) -> Self:
        self._life = self._live()
        await self._life.__aenter__()
        return self

    async def __aexit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        if isinstance(exception, Exception):  # the block's own error leaves as it is, in no group
            await self._life.__aexit__(None, None, None)
            return None
        return await self._life.__aexit__(exception_type, exception, traceback)

    @asynccontextmanager
    async def _live(self) -> AsyncGenerator[None]:
        async with anyio.create_task_group() as self.tasks, BlockingPortal() as self._portal:
            self._thread = get_ident()
            self._finished = anyio.Event()
            self.dispatcher.time = anyio.current_time()
            self.tasks.start_soon(self.dispatcher.run)
            self.tasks.start_soon(self.timers.run)
            try:
                yield
            finally:
                await self.stop()
                self.tasks.cancel_scope.cancel()

    # The tree as a whole.

    async def start(self, spec: ChildSpec) -> ActorRef:
        """Start the root at ``/name``; returns when it is ready. Raises StartError, with the cause chained."""
        if self._root is not None:
            raise WrongStateError(f"{self.name} has a root already, {self._root.ref.path}.")
        root = self._root = Cell(self, spec, self, f"/{spec.name}")
        try:
            await root.start()
        except BaseException:
            self._root = None
            self.vacate(root)
            raise
        return root.ref

    async def stop(self) -> None:
        """Stop the whole tree, in reverse, within its budgets; goes through even if it is cancelled meanwhile."""
        if self._root is not None:
            await stop_all(self, (self._root,))
        self._finished.set()

    async def join(self) -> None:
        """Wait until the root has ended. Raises EscalationError if it gave up or crashed."""
        await self._finished.wait()
        if self._error is not None:
            raise self._error

    def child_ended(self, cell: Cell, error: BaseException | None) -> None:
        """The root ended; nobody is above it to restart it."""
        if error is not None:
            self._error = error if isinstance(error, EscalationError) else EscalationError(describe(error))
            if self._error is not error:
                self._error.__cause__ = error
            system_failed(self.name, cell.ref.path, error)
        self._finished.set()

    async def stop_child(self, cell: Cell) -> None:  # noqa: ARG002 - the root is the only one
        await self.stop()

    async def caught_up(self, below: int = 1000) -> None:
        """Wait until fewer than so many messages wait for reactive actors; at once, without yielding, if so already.

        Whoever produces faster than the dispatcher handles calls this between portions.
        """
        await self.dispatcher.caught_up(below)

    def call_from_thread(self, function: Callable[..., Any], *args: Any) -> Any:
        """Run a plain or async function on the loop and return its result; the only door for other threads."""
        return self._portal.call(function, *args)

    # One place in it.

    def ref(self, path: str) -> ActorRef:
        """The address of a place, also of one that is not filled yet."""
        cell = self._find(path)
        return self.place(f"/{path.strip('/')}") if cell is None else cell.ref

    def snapshot(self, path: str = "/", *, depth: int = WHOLE_TREE) -> ActorSnapshot:
        """The tree from a path down, ``/`` for all of it; ``depth`` levels of children."""
        return self._cell(path).snapshot(anyio.current_time(), depth)

    async def restart(self, path: str) -> None:
        """Replace an actor now; the way back for one that was stopped by hand. Raises StartError if it fails."""
        cell = self._cell(path)
        if not isinstance(cell.parent, Supervisor):
            raise WrongStateError(f"{path} is the root, which nobody restarts.")
        if cell.runner is not None:
            cell.runner.refuse_own_task()
        await cell.parent.restart_child(cell)

    async def pause(self, path: str) -> None:
        """Let an actor handle no more messages; they wait by its mailbox's rule.

        Background tasks go on. Supervisors are not paused.
        """
        cell = self._cell(path)
        if isinstance(cell.mailbox.actor, Supervisor):
            raise WrongStateError(f"{path} is a supervisor; pause its children.")
        cell.pause()

    async def resume(self, path: str) -> None:
        """Let a paused actor go on."""
        self._cell(path).resume()

    async def stop_actor(self, path: str) -> None:
        """Stop an actor and leave its place empty until it is restarted by hand."""
        await self._cell(path).request_stop()

    def _cell(self, path: str) -> Cell:
        cell = self._find(path)
        if cell is None:
            raise UnknownPathError(path)
        return cell

    def _find(self, path: str) -> Cell | None:
        cell = self._root
        if cell is None or path == "/":
            return cell
        root, *names = path.strip("/").split("/")
        if root != cell.spec.name:
            return None
        for name in names:
            actor = cell.mailbox.actor
            below = None if actor is None else actor.cells_below().get(name)
            if below is None:
                return None
            cell = below
        return cell

    # What the cells use.

    def place(self, path: str) -> ActorRef:
        """The ref of a place nobody lives in; the same one for as long as anyone holds it."""
        ref = self._vacant.get(path)
        if ref is None:
            ref = self._vacant[path] = ActorRef(Mailbox(path, self.dead_letters), self._thread)
        return ref

    def occupy(self, path: str) -> ActorRef:
        """The ref of a place that gets a cell now; found through the tree from here on."""
        ref = self.place(path)
        del self._vacant[path]
        return ref

    def vacate(self, cell: Cell) -> None:
        """The place is given up; whoever holds the ref keeps the address."""
        cell.mailbox.cell = None
        self._vacant[cell.ref.path] = cell.ref

    def leave_registry(self, ref: ActorRef) -> None:
        """The actor is no longer known to pykka; those that end in one slice of the dispatcher leave together."""
        self._leaving.append(ref)
        if not (self._in_bulk or self.dispatcher.is_running):
            self._leave_registry()

    @contextmanager
    def leaving_in_bulk(self) -> Generator[None]:
        """Whoever leaves the registry within this block does so at its end, all at once; the block does not wait."""
        self._in_bulk = True
        try:
            yield
        finally:
            self._in_bulk = False
            self._leave_registry()

    def _leave_registry(self) -> None:
        if self._leaving:
            Registry.leave(self._leaving)
            self._leaving.clear()

"""The cell: one place in the tree and the lives that are lived there, one after the other."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

import anyio

from engine.runtime import death_watch
from engine.runtime.actor import Actor
from engine.runtime.errors import ActorDeadError, KernelError, SpecError, StartError, WrongStateError
from engine.runtime.overflow_mailbox import new_mailbox
from engine.runtime.ref import ALIVE, STOPPED
from engine.runtime.registry import Registry
from engine.runtime.reminders import Reminders
from engine.runtime.reply import fail_asker, name_of
from engine.runtime.report import actor_crashed, describe
from engine.runtime.snapshot import ActorSnapshot
from engine.runtime.state import State, follows
from engine.runtime.task_actor import TaskActor
from engine.runtime.task_runner import TaskRunner
from engine.runtime.terminated import Terminated

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from engine.runtime.child_spec import ChildSpec
    from engine.runtime.death_watch import DeathWatch
    from engine.runtime.mailbox import Mailbox
    from engine.runtime.ref import ActorRef
    from engine.runtime.system import ActorSystem


class Parent(Protocol):
    """Who planted the cell: a supervisor, or the system for the root."""

    def child_ended(self, cell: Cell, error: BaseException | None) -> None:
        """The child crashed (with its error) or ended by itself; never called for one the parent stopped."""
        ...

    async def stop_child(self, cell: Cell) -> None:
        """Stop it by hand and leave its place empty."""
        ...


class Cell:
    """A place: its spec, its ref, and what happens to the actor that fills it."""

    __slots__ = (
        "_reminders",
        "_stopped_by_parent",
        "death_watch",
        "incarnation",
        "is_held",
        "last_error",
        "lived_s",
        "parent",
        "ref",
        "restarts",
        "runner",
        "spec",
        "started_at",
        "state",
        "system",
    )

    def __init__(self, system: ActorSystem, spec: ChildSpec, parent: Parent, path: str) -> None:
        self.system = system
        self.spec = spec
        self.parent = parent
        self.ref: ActorRef = system.occupy(path)
        self.ref.mailbox.cell = self
        self.state = State.DEAD
        self.incarnation = 0
        self.restarts = 0
        self.last_error: str | None = None
        self.started_at: float | None = None
        self.lived_s = 0.0  # how long the last incarnation was up
        self.is_held = False  # stopped by hand: no sibling's restart brings it back
        self.runner: TaskRunner | None = None
        self._stopped_by_parent = False
        self._reminders: Reminders | None = None
        self.death_watch: DeathWatch | None = None

    @property
    def mailbox(self) -> Mailbox:
        return self.ref.mailbox

    @property
    def is_alive(self) -> bool:
        return not self.ref.mailbox.is_closed

    def pass_to(self, state: State) -> None:
        """Change state; a passage the table does not know is a bug of the kernel."""
        if not follows(self.state, state):
            raise WrongStateError(f"{self.ref.path} is {self.state} and can not become {state}.")
        self.state = state

    # Starting.

    async def start(self) -> None:
        """Fill the place; returns when the actor is ready, without yielding for a reactive one.

        Raises StartError, with the actor's own error as its cause, and leaves the place empty then. Cancelled, too,
        it leaves nobody behind.
        """
        actor = self._move_in()
        if self.runner is None:
            self._start_reactive(actor)
            return
        self.system.tasks.start_soon(self.runner.run)
        try:
            await self.runner.started.wait()
        except BaseException:
            await self.stop()
            raise
        if self.runner.failure is not None:
            raise self._start_error(self.runner.failure)
        if not self.is_alive:
            raise StartError(f"{self.ref.path} was stopped while it started.")

    def _move_in(self) -> Actor:
        self.pass_to(State.STARTING)
        self.incarnation += 1
        self.started_at = None
        self._stopped_by_parent = False
        try:
            actor = self._make_actor()
        except Exception as error:
            self.state = State.DEAD
            raise self._start_error(error) from error
        self._open_mailbox(actor)
        Registry.enter(self.ref)
        return actor

    def _make_actor(self) -> Actor:
        actor = self.spec.start()
        if not isinstance(actor, Actor):  # pyright: ignore[reportUnnecessaryIsInstance] - factories are not all typed
            raise SpecError(f"{self.ref.path}: start() makes an Actor, was {type(actor).__name__}.")
        actor.settle_in(self)
        return actor

    def _open_mailbox(self, actor: Actor) -> None:
        spec = type(actor).mailbox
        mailbox = new_mailbox(self.ref.path, self.system.dead_letters, self.ref.mailbox, spec)
        self.runner = TaskRunner(self, actor, mailbox) if isinstance(actor, TaskActor) else None
        mailbox.open(self, actor, type(actor).handler_table, self.runner or self.system.dispatcher, spec.capacity)
        self.ref.fill(type(actor), mailbox, ALIVE)
        actor.actor_inbox, actor.actor_stopped = mailbox, ALIVE

    def _start_reactive(self, actor: Actor) -> None:
        try:
            actor.on_start()
        except BaseException as error:
            self._tell_failure(actor, error)
            self.end(error)
            if isinstance(error, Exception):
                raise self._start_error(error) from error
            raise
        self.ready()

    def ready(self) -> None:
        """The actor's ``on_start`` is over."""
        self.pass_to(State.RUNNING)
        self.started_at = anyio.current_time()

    def _start_error(self, error: BaseException) -> StartError:
        self.last_error = describe(error)
        if isinstance(error, StartError):
            return error
        start_error = StartError(f"{self.ref.path}: {describe(error)}")
        start_error.__cause__ = error
        return start_error

    # Ending.

    async def stop(self) -> None:
        """End the actor within its budget, then cut it; it is dead when this returns, even if cancelled meanwhile."""
        if self.runner is None:
            self.stop_now()
        elif self.is_alive:
            self._stopped_by_parent = True
            await self.runner.stop(self.spec.shutdown_s)
        elif self.state is State.BACKING_OFF:
            self.pass_to(State.DEAD)

    def stop_now(self) -> None:
        """End a reactive actor; its handlers never wait, so neither does this."""
        if self.is_alive:
            self._stopped_by_parent = True
            self.finish()
        elif self.state is State.BACKING_OFF:
            self.pass_to(State.DEAD)

    async def request_stop(self) -> None:
        """Have the parent stop it, as ``ref.stop()`` wishes."""
        if self.runner is not None:
            self.runner.refuse_own_task()
        with suppress(ActorDeadError):  # the parent ended first, and all below it
            await self.parent.stop_child(self)

    def stop_itself(self) -> None:
        """The actor's own wish: after the current message."""
        self.mailbox.is_stopping = True
        self.mailbox.attend()

    def finish(self) -> None:
        """End a reactive actor in good order."""
        actor = self.mailbox.actor
        self.pass_to(State.STOPPING)
        try:
            if actor.drains:
                self._drain(actor)
            actor.on_stop()
        except BaseException as error:
            actor_crashed(self.ref.path, "on_stop", error)
            self.end(error)
            if not isinstance(error, Exception):
                raise
        else:
            self.end(None)

    def _drain(self, actor: Actor) -> None:
        mailbox = self.mailbox
        mailbox.batch = iter([*mailbox.batch, *mailbox.take(len(mailbox.waiting))])
        for message in mailbox.batch:
            try:
                actor.handler_table[type(message)](actor, message)
            except Exception as error:
                fail_asker(message, error)
                raise

    def crash(self, error: BaseException, message: Any) -> None:
        """A handler of a reactive actor raised."""
        actor_crashed(self.ref.path, name_of(message), error)
        actor = self.mailbox.actor
        self._tell_failure(actor, error)
        self.end(error)
        fail_asker(message, error if isinstance(error, Exception) else ActorDeadError(describe(error)))

    def _tell_failure(self, actor: Actor, error: BaseException) -> None:
        try:
            actor.on_failure(type(error), error, error.__traceback__)
        except Exception as failure:  # noqa: BLE001 - the supervision boundary
            actor_crashed(self.ref.path, "on_failure", failure)

    def end(self, error: BaseException | None) -> None:
        """Clear the place: mail, timers, watches, registry; then the watchers and the parent hear of it."""
        was_ready = self.started_at is not None
        self.lived_s = 0.0 if self.started_at is None else anyio.current_time() - self.started_at
        self.pass_to(State.DEAD)
        if error is not None:
            self.last_error = describe(error)
        reason = describe(error) if error is not None else "stopped" if self._stopped_by_parent else "ended"
        if self._reminders is not None:
            self._reminders.cancel()
            self._reminders = None
        self.mailbox.close(reason)
        self.ref.actor_stopped = STOPPED
        self.system.leave_registry(self.ref)
        death_watch.conclude(self, reason)
        if was_ready and not self._stopped_by_parent:
            self.parent.child_ended(self, error)

    def back_off(self) -> None:
        """Wait for the supervisor to fill the place again."""
        if self.state is State.DEAD:
            self.pass_to(State.BACKING_OFF)

    # What the actor in the place uses.

    def reminders(self) -> Reminders:
        if self._reminders is None:
            self._reminders = Reminders(self)
        return self._reminders

    def fail(self, error: Exception, message: Any) -> None:
        """Something about this message failed outside its handler."""
        if self.runner is None:
            self.crash(error, message)
        else:
            self.runner.fail(error, name_of(message))

    def spawn(self, function: Callable[..., Awaitable[Any]], args: tuple[Any, ...]) -> None:
        if self.runner is None:
            raise KernelError(f"{self.ref.path} has no task to spawn from.")
        self.runner.spawn(function, args)

    def watch(self, ref: ActorRef) -> None:
        other = ref.mailbox.cell
        if other is None or not other.is_alive:
            self.mailbox.urge(Terminated(ref.path, "nobody there"))
        else:
            death_watch.watch(self, other)

    # What operators use.

    def pause(self) -> None:
        """Handle no more messages until resumed; they wait in the mailbox by its rule."""
        self.pass_to(State.PAUSED)
        self.mailbox.is_paused = True
        self.mailbox.attend()

    def resume(self) -> None:
        if self.state is not State.PAUSED:
            raise WrongStateError(f"{self.ref.path} is {self.state}, not paused.")
        self.pass_to(State.RUNNING)
        self.mailbox.is_paused = False
        self.mailbox.attend()

    def snapshot(self, now: float, depth: int) -> ActorSnapshot:
        actor: Actor | None = self.mailbox.actor
        below = actor.cells_below().values() if actor is not None and depth > 0 else ()
        return ActorSnapshot(
            path=self.ref.path,
            kind=self.ref.actor_class.__name__,
            state=self.state,
            mailbox=self.mailbox.statistics(now),
            restarts=self.restarts,
            last_error=self.last_error,
            uptime_s=now - self.started_at if self.is_alive and self.started_at is not None else 0.0,
            children=tuple(cell.snapshot(now, depth - 1) for cell in below),
        )

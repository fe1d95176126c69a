"""The task runner: the task of one task actor, from its ``on_start`` to its last background task."""

from __future__ import annotations

from inspect import isawaitable
from time import perf_counter
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel

from engine.runtime.errors import ActorDeadError, BlockingCallError, StartError
from engine.runtime.reply import Ask, answer, name_of
from engine.runtime.report import actor_crashed, actor_cut, slow_handler
from engine.runtime.slow import SLICE_S, SLOW_S, as_coroutine, timed
from engine.runtime.state import State

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from anyio.abc import TaskGroup

    from engine.runtime.cell import Cell
    from engine.runtime.mailbox import Mailbox
    from engine.runtime.task_actor import TaskActor


_NOTHING = object()
LONG = 1000
"""Up to this many waiting messages are taken one by one, so that drops and conflation stay exact; more in batches."""
BATCH = 64


class TaskRunner:
    """Reads one actor's mailbox in a task; also the mailbox's scheduler."""

    __slots__ = (
        "_actor",
        "_asked",
        "_bell",
        "_body",
        "_cell",
        "_group",
        "_is_cut",
        "_mailbox",
        "_scope",
        "_slice_end",
        "_task_id",
        "ended",
        "failure",
        "parked",
        "started",
    )

    def __init__(self, cell: Cell, actor: TaskActor, mailbox: Mailbox) -> None:
        self._cell = cell
        self._actor = actor
        self._mailbox = mailbox
        self.started = anyio.Event()
        self.ended = anyio.Event()
        self.failure: Exception | None = None
        self.parked = False
        self._asked: Ask | None = None
        self._bell = anyio.Event()
        self._scope = anyio.CancelScope(shield=True)  # the whole life; cancelled to cut it
        self._body = anyio.CancelScope()  # on_start and handlers; cancelled when a background task fails
        self._group: TaskGroup | None = None
        self._is_cut = False
        self._task_id = 0
        self._slice_end = 0.0

    # The mailbox's scheduler.

    @property
    def time(self) -> float:
        return anyio.current_time()

    @property
    def ready(self) -> TaskRunner:
        return self

    def append(self, mailbox: Mailbox, /) -> None:
        """There is only one mailbox; ``wake`` did all."""

    def wake(self) -> None:
        self.parked = False
        self._bell.set()

    # The task.

    async def run(self) -> None:
        self._task_id = anyio.get_current_task().id
        try:
            with self._scope:
                async with anyio.create_task_group() as self._group:
                    await self._live()
                    self._group.cancel_scope.cancel()
        finally:
            self._conclude()

    async def _live(self) -> None:
        with self._body:
            await self._attempt("on_start", self._actor.on_start)
            if self.failure is None:
                self._cell.ready()
                self.started.set()
                await self._receive()
        self._cell.pass_to(State.STOPPING)
        if self.failure is None and self.started.is_set():
            await self._take_leave("on_stop", self._actor.on_stop)
        else:
            error = self.failure or StartError(f"{self._cell.ref.path} was stopped while it started.")
            await self._take_leave("on_failure", self._actor.on_failure, type(error), error, error.__traceback__)

    async def _take_leave(self, hook: str, function: Callable[..., Any], *args: Any) -> None:
        """The last hook has the same budget whoever ended the actor; else a crash could hang for ever."""
        budget_s = self._cell.spec.shutdown_s
        with anyio.move_on_after(None if self._actor.interruptible else budget_s) as scope:
            await self._attempt(hook, function, *args)
        if scope.cancelled_caught:
            self._report_cut(budget_s)

    async def _receive(self) -> None:
        """The message loop; sync handlers share the loop's time as the dispatcher does."""
        mailbox = self._mailbox
        self._slice_end = perf_counter() + SLICE_S
        while self.failure is None:
            if mailbox.is_stopping and not (self._actor.drains and mailbox.depth):
                return
            message = self._next()
            if message is _NOTHING:
                await self._park()
                self._slice_end = perf_counter() + SLICE_S
            else:
                await self._handle(message)

    def _next(self) -> Any:
        mailbox = self._mailbox
        if mailbox.is_paused and not mailbox.is_stopping:
            return _NOTHING
        if mailbox.control:
            return mailbox.control.pop(0)
        message = next(mailbox.batch, _NOTHING)
        if message is _NOTHING and mailbox.waiting:
            mailbox.batch = iter(mailbox.take(1 if len(mailbox.waiting) <= LONG else BATCH))
            mailbox.idle = not mailbox.waiting  # the next to arrive rings, which notes its time
            message = next(mailbox.batch)
        return message

    async def _park(self) -> None:
        self._mailbox.idle = self._mailbox.depth == 0
        self._bell = anyio.Event()
        self.parked = True
        await self._bell.wait()

    async def _handle(self, message: Any) -> None:
        self._asked = message if type(message) is Ask else None
        content = message.message if self._asked else message
        began = perf_counter()
        try:
            value = self._actor.handler_table[type(content)](self._actor, content)
            if value is not None and isawaitable(value):
                value = await self._watched(value, name_of(content))
                began = perf_counter()
        except Exception as error:  # noqa: BLE001 - the supervision boundary
            self._fail(error, name_of(content))
            if self._asked:
                self._asked.reply.fail(error)
            began = perf_counter()
        else:
            if self._asked:
                answer(self._asked, value)
        self._asked = None
        now = perf_counter()
        if now - began > SLOW_S:
            slow_handler(self._cell.ref.path, name_of(content), now - began)
        if now > self._slice_end:
            await anyio.lowlevel.checkpoint()
            self._slice_end = perf_counter() + SLICE_S

    async def _attempt(self, hook: str, function: Callable[..., Any], *args: Any) -> None:
        try:
            value = function(*args)
            if isawaitable(value):
                await self._watched(value, hook)
        except Exception as error:  # noqa: BLE001 - the supervision boundary
            self._fail(error, hook)

    async def _watched(self, awaitable: Awaitable[Any], what: str) -> Any:
        return await timed(as_coroutine(awaitable), self._cell.ref.path, what)

    def spawn(self, function: Callable[..., Awaitable[Any]], args: tuple[Any, ...]) -> None:
        if self._group is None:
            raise BlockingCallError("spawn() works from on_start on.")
        self._group.start_soon(self._run_in_background, function, args)

    async def _run_in_background(self, function: Callable[..., Awaitable[Any]], args: tuple[Any, ...]) -> None:
        what = getattr(function, "__qualname__", repr(function))
        try:
            await self._watched(function(*args), what)
        except Exception as error:  # noqa: BLE001 - the supervision boundary
            self.fail(error, what)

    def fail(self, error: Exception, what: str) -> None:
        """Something beside the message loop failed: the actor crashes, its current handler is interrupted."""
        self._fail(error, what)
        self._body.cancel()

    def _fail(self, error: Exception, what: str) -> None:
        """The first failure is the actor's end; all are reported."""
        if self.failure is None:
            self.failure = error
        if self.started.is_set():  # before that, whoever starts it raises it
            actor_crashed(self._cell.ref.path, what, error)

    def _conclude(self) -> None:
        if self._asked is not None:
            self._asked.reply.fail(ActorDeadError(f"{self._cell.ref.path} ended while it answered."))
        self._cell.end(self.failure)
        self.started.set()
        self.ended.set()

    # Its end.

    async def stop(self, budget_s: float) -> None:
        """Ask it to end; cut it when the budget is spent. Supervisors are never cut: their children have budgets."""
        self._mailbox.is_stopping = True
        if self._actor.interruptible or not self.started.is_set():
            self._body.cancel()
        self._mailbox.attend()
        with anyio.CancelScope(shield=True):
            if not self._actor.interruptible:
                with anyio.move_on_after(budget_s):
                    await self.ended.wait()
                self._cut(budget_s)
            await self.ended.wait()

    def _cut(self, budget_s: float) -> None:
        if not self.ended.is_set():
            self._report_cut(budget_s)
            self._scope.cancel()

    def _report_cut(self, budget_s: float) -> None:
        if not self._is_cut:
            self._is_cut = True
            actor_cut(self._cell.ref.path, budget_s)

    def refuse_own_task(self) -> None:
        """Waiting for one's own end would last until one is cut."""
        if anyio.get_current_task().id == self._task_id:
            raise BlockingCallError(f"{self._cell.ref.path} can not wait for its own end; self.stop() does not wait.")

"""The task actor: a task of its own and handlers that may wait, for actors that deal with the outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from engine.runtime.actor import Actor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType


class TaskActor(Actor):
    """Handles one message at a time, too, but its handlers and hooks may be ``async``.

    A stop waits for the current handler and for ``on_stop`` within the spec's ``shutdown_s``, then cuts.
    """

    interruptible: ClassVar[bool] = False
    """Whether a stop cancels the current handler at once; for supervisors, whose waits are other actors' starts."""
    _is_async: ClassVar[bool] = True

    async def on_start(self) -> None:
        """Before the first message; the actor counts as started when this returns."""

    async def on_stop(self) -> None:
        """After the last message, when the actor was stopped or stopped itself; not after a crash."""

    async def on_failure(
        self,
        exception_type: type[BaseException] | None,
        exception_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Instead of ``on_stop`` after a crash, one in ``on_start`` included."""

    def spawn(self, function: Callable[..., Awaitable[Any]], *args: Any) -> None:
        """Run a background task of this actor's own, from ``on_start`` on.

        If it raises, the actor crashes; if it returns, nothing happens. It is cancelled after ``on_stop``.
        """
        self._cell.spawn(function, args)

"""The actor ref: the address of a place in the tree, which stays good when the actor there is replaced."""

from __future__ import annotations

import threading
import weakref
from threading import get_ident
from typing import TYPE_CHECKING, Any, overload

import pykka

from engine.runtime.errors import ActorDeadError, BlockingCallError, ForeignThreadError
from engine.runtime.reply import Ask, Reply, name_of

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from engine.runtime.mailbox import Mailbox


class StopFlag(threading.Event):
    """pykka's stop flag without its lock and condition (1.2 KB an actor); two are shared by all actors."""

    def __init__(self, *, stopped: bool) -> None:
        self._stopped = stopped

    def is_set(self) -> bool:
        return self._stopped

    def set(self) -> None:
        raise BlockingCallError("An actor is stopped through its ref or by its own stop().")


ALIVE = StopFlag(stopped=False)
STOPPED = StopFlag(stopped=True)


class ActorRef(pykka.ActorRef[Any]):
    """Where messages are sent. Hashable, cheap, and the same object for the same path while anyone holds it."""

    __slots__ = ("mailbox", "thread")

    def __init__(self, mailbox: Mailbox, thread: int) -> None:
        self.thread = thread
        self.actor_urn = mailbox.path
        self.fill(pykka.Actor, mailbox, STOPPED)

    def fill(self, actor_class: type[Any], mailbox: Mailbox, flag: StopFlag) -> None:
        """A new incarnation moves in, or the place falls vacant; the kernel's business."""
        self.actor_class = actor_class
        self.actor_stopped = flag
        self.actor_inbox = self.mailbox = mailbox

    @property
    def path(self) -> str:
        return self.actor_urn

    def __repr__(self) -> str:
        return f"<ActorRef {self.actor_urn}>"

    def __str__(self) -> str:
        return self.actor_urn

    def is_alive(self) -> bool:
        """Whether an actor lives in this place now."""
        return not self.mailbox.is_closed

    def tell(self, message: Any) -> None:
        """Put a message into the mailbox; never waits.

        A place where nobody lives makes it a dead letter. Raises MailboxFullError if the mailbox refuses it.
        """
        if get_ident() != self.thread:
            raise ForeignThreadError(f"{name_of(message)} to {self.actor_urn} came from another thread.")
        mailbox = self.mailbox
        waiting = mailbox.waiting
        if len(waiting) < mailbox.room:  # Mailbox.put and ring, inlined: this is where a million ticks a second pass
            waiting.append(message)
            if mailbox.idle:
                mailbox.idle = False
                scheduler = mailbox.scheduler
                if scheduler.parked:
                    scheduler.wake()
                mailbox.stamp = scheduler.time
                scheduler.ready.append(mailbox)
        else:
            mailbox.overflow(message)

    @overload
    def ask(self, message: Any, *, timeout_s: float) -> Coroutine[Any, Any, Any]: ...

    @overload
    def ask(self, message: Any, *, block: bool, timeout: float | None = None) -> Reply: ...

    def ask(  # pyright: ignore[reportIncompatibleMethodOverride] - awaited here, blocking in pykka
        self,
        message: Any,
        *,
        timeout_s: float | None = None,
        block: bool = True,
        timeout: float | None = None,  # noqa: ARG002 - pykka's signature
    ) -> Coroutine[Any, Any, Any] | Reply:
        """Send a message and await the handler's return value, at most ``timeout_s`` seconds.

        Raises AskTimeoutError, ActorDeadError (nobody there, or it ended first), MailboxFullError, or whatever the
        handler raised. pykka's form with ``block=False`` gives a future, as its proxies need; a blocking one fails.
        """
        if timeout_s is not None:
            return self._ask(message, timeout_s)
        if block:
            raise BlockingCallError("Await ref.ask(message, timeout_s=...).")
        return self._send(message)

    async def _ask(self, message: Any, timeout_s: float) -> Any:
        return await self._send(message).wait(timeout_s, f"{name_of(message)} to {self.actor_urn}")

    def _send(self, message: Any) -> Reply:
        reply = Reply()
        self.tell(Ask(message, reply))
        return reply

    def stop(  # pyright: ignore[reportIncompatibleMethodOverride] - awaited here, blocking in pykka
        self,
        *,
        block: bool = False,
        timeout: float | None = None,  # noqa: ARG002 - pykka's signature
    ) -> Coroutine[Any, Any, None]:
        """Await the actor's orderly end; its supervisor leaves the place empty until it is restarted by hand."""
        if block:
            raise BlockingCallError("Await ref.stop().")
        return self._stop()

    async def _stop(self) -> None:
        cell = self.mailbox.cell
        if cell is not None:
            await cell.request_stop()

    def proxy(self) -> pykka.ActorProxy[Any]:
        """A proxy of pykka's; its futures are awaited, and setting attributes through it fails."""
        if self.mailbox.actor is None:
            raise ActorDeadError(f"{self.actor_urn} is empty.")
        self._actor_weakref = weakref.ref(self.mailbox.actor)
        return pykka.ActorProxy(actor_ref=self)

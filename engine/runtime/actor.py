"""The reactive actor: plain functions that handle one message at a time, run to completion by the dispatcher."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

import pykka
from pykka import messages as pykka_messages

from engine.runtime.errors import BlockingCallError, SpecError, UnknownMessageError
from engine.runtime.handlers import Handler, HandlerTable, marked_handlers
from engine.runtime.mailbox_spec import MailboxSpec
from engine.runtime.reply import Ask, Reply, answer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from engine.runtime.cell import Cell
    from engine.runtime.ref import ActorRef
    from engine.runtime.system import ActorSystem
    from engine.runtime.timers import Timer

_HOOKS = ("on_start", "on_stop", "on_failure", "on_receive")


class Actor(pykka.Actor):
    """State with an owner. Subclasses mark their handlers with ``@handles`` and never wait inside them.

    A handler that raises ends the actor; its supervisor decides what follows.
    """

    mailbox: ClassVar[MailboxSpec] = MailboxSpec()
    drains: ClassVar[bool] = False
    """Whether what waits in the mailbox is still handled when the actor is stopped, before ``on_stop``."""
    handler_table: ClassVar[Mapping[type, Handler]]
    _cell: Cell
    _is_async: ClassVar[bool] = False

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        cls.handler_table = cls._make_handler_table()

    def __init__(self) -> None:  # pyright: ignore[reportMissingSuperCall] - what pykka makes here, the place provides
        """Keep what the actor is given. Its ref, path and system are there from ``on_start`` on."""

    # What subclasses override.

    def on_start(self) -> Any:
        """Before the first message; the actor counts as started when this returns."""

    def on_stop(self) -> Any:
        """After the last message, when the actor was stopped or stopped itself; not after a crash."""

    def on_failure(
        self,
        exception_type: type[BaseException] | None,
        exception_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> Any:
        """Instead of ``on_stop`` after a crash, one in ``on_start`` included."""

    def on_receive(self, message: Any) -> Any:
        """Take messages no handler is marked for; crashes unless overridden."""
        raise UnknownMessageError(f"{type(self).__name__} at {self.path} received {type(message).__name__}.")

    # What subclasses use.

    @property
    def actor_ref(self) -> ActorRef:
        """The actor's address."""
        return self._cell.ref

    @property
    def path(self) -> str:
        """The actor's place in the tree."""
        return self._cell.ref.path

    @property
    def system(self) -> ActorSystem:
        """The system this actor lives in."""
        return self._cell.system

    def send_after(self, delay_s: float, message: Any) -> Timer:
        """Tell this actor something later; cancelled when the actor ends."""
        return self._cell.reminders().after(delay_s, message)

    def send_every(self, interval_s: float, message: Any) -> Timer:
        """Tell this actor something again and again, first after one interval; cancelled when the actor ends.

        Missed beats are skipped. A full mailbox drops and counts the beat.
        """
        return self._cell.reminders().every(interval_s, message)

    def watch(self, ref: ActorRef) -> None:
        """Receive one ``Terminated`` when the actor that now lives there ends, by the control lane.

        At once if nobody lives there. A restart is an end: watch again to see the next one.
        """
        self._cell.watch(ref)

    def stop(self) -> None:
        """End after the current message. The restart type of the child spec decides whether a new one follows."""
        self._cell.stop_itself()

    # What the kernel uses.

    def settle_in(self, cell: Cell) -> None:
        """Take the place in the tree."""
        if hasattr(self, "_cell"):
            raise SpecError(f"{cell.ref.path}: start() makes a fresh actor each time.")
        self._cell = cell
        self._actor_ref = cell.ref
        self.actor_urn = cell.ref.path

    def cells_below(self) -> Mapping[str, Cell]:
        """The places below; only supervisors have some."""
        return {}

    @classmethod
    def start(cls, *args: Any, **kwargs: Any) -> NoReturn:  # noqa: ARG003 - pykka's signature
        """The way of pykka, which would start a loop of its own; fails."""
        raise BlockingCallError(f"{cls.__name__} is started by a supervisor: give it a ChildSpec.")

    @classmethod
    def _make_handler_table(cls) -> HandlerTable:
        table = HandlerTable(_receive)
        table.update(
            {
                Ask: _answer,
                pykka_messages.ProxyCall: _proxied,
                pykka_messages.ProxyGetAttr: _proxied,
                pykka_messages.ProxySetAttr: _proxied,
                **marked_handlers(cls),
            }
        )
        if not cls._is_async:
            cls._refuse_coroutines(table)
        return table

    @classmethod
    def _refuse_coroutines(cls, table: Mapping[type, Handler]) -> None:
        for function in (*table.values(), *(getattr(cls, hook) for hook in _HOOKS)):
            if inspect.iscoroutinefunction(function):
                raise SpecError(f"{cls.__qualname__}: {function.__name__} waits, which only a TaskActor may.")

    def handle_proxied(self, message: Any) -> Any:
        """What pykka's proxies want: they call methods and read attributes by message."""
        return self._handle_receive(message)

    @staticmethod
    def _create_actor_inbox() -> NoReturn:
        raise BlockingCallError("A supervisor opens the mailbox.")

    @staticmethod
    def _create_future() -> Reply:
        return Reply()

    def _start_actor_loop(self) -> NoReturn:
        raise BlockingCallError("A supervisor starts the actor.")


def _receive(actor: Actor, message: Any) -> Any:
    return actor.on_receive(message)


def _proxied(actor: Actor, message: Any) -> Any:
    return actor.handle_proxied(message)


def _answer(actor: Actor, ask: Ask) -> None:
    answer(ask, actor.handler_table[type(ask.message)](actor, ask.message))

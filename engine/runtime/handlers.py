"""Handlers: which method takes which message, decided when an actor class is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from engine.runtime.errors import SpecError

if TYPE_CHECKING:
    from engine.runtime.actor import Actor

A = TypeVar("A", bound="Actor")
M = TypeVar("M")
R = TypeVar("R")

Handler = Callable[[Any, Any], Any]

_MARK = "handled_message_types"


def handles(*message_types: type[M]) -> Callable[[Callable[[A, M], R]], Callable[[A, M], R]]:
    """Mark a method as the handler of messages of these types and of their subclasses.

    A subclass inherits the table, overrides a handler by the method's name or takes the type over with its own mark.
    """

    def mark(function: Callable[[A, M], R]) -> Callable[[A, M], R]:
        function.__dict__[_MARK] = message_types
        return function

    return mark


class HandlerTable(dict[type, Handler]):
    """Message type to handler; a type seen first is looked up by its bases once and then remembered."""

    def __init__(self, fallback: Handler) -> None:
        super().__init__()
        self._fallback = fallback

    def __missing__(self, message_type: type) -> Handler:
        for base in message_type.__mro__[1:]:
            if base in self:
                handler = self[message_type] = self[base]
                return handler
        return self._fallback


def marked_handlers(actor_class: type) -> dict[type, Handler]:
    """What a class and its bases mark with ``@handles``, the nearest class first to decide."""
    names: dict[type, str] = {}
    for owner in reversed(actor_class.__mro__):
        names.update(_own_marks(owner))
    return {message_type: getattr(actor_class, name) for message_type, name in names.items()}


def _own_marks(owner: type) -> dict[type, str]:
    marks: dict[type, str] = {}
    for name, member in vars(owner).items():
        message_types: tuple[type, ...] = getattr(member, "__dict__", {}).get(_MARK, ())
        for message_type in message_types:
            if message_type in marks:
                raise SpecError(
                    f"{owner.__qualname__}: {marks[message_type]} and {name} both handle {message_type.__name__}."
                )
            marks[message_type] = name
    return marks

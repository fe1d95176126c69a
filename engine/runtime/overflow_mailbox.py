"""The two mailboxes that give way when they are full: one drops the oldest, one keeps the newest per key."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, ClassVar

from engine.runtime.errors import MailboxFullError
from engine.runtime.mailbox import Mailbox
from engine.runtime.mailbox_spec import Conflate, MailboxSpec, Overflow
from engine.runtime.reply import Ask

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from engine.runtime.cell import Cell
    from engine.runtime.dead_letters import DeadLetters
    from engine.runtime.handlers import Handler
    from engine.runtime.mailbox import Scheduler


class DropOldestMailbox(Mailbox):
    """First in, first out; one too many costs the one that waited longest."""

    __slots__ = ()

    def squeeze(self, message: Any) -> None:
        oldest = self.waiting.pop(0)
        self.dropped += 1
        if isinstance(oldest, Ask):
            oldest.reply.fail(MailboxFullError(f"{self.path} dropped the question to make room."))
        self.waiting.append(message)


class ConflatingMailbox(Mailbox):
    """One message per key, the newest."""

    __slots__ = ("_key",)

    always_special: ClassVar[bool] = True

    def __init__(self, path: str, dead_letters: DeadLetters, previous: Mailbox | None, rule: Conflate) -> None:
        super().__init__(path, dead_letters, previous)
        self._key = _attribute_or_itself(rule.key) if isinstance(rule.key, str) else rule.key
        self.waiting = OrderedDict[Any, Any]()

    def open(
        self, cell: Cell, actor: Any, handlers: Mapping[type, Handler], scheduler: Scheduler, capacity: int
    ) -> None:
        super().open(cell, actor, handlers, scheduler, capacity)
        self.room = 0  # every message takes the way through squeeze()

    def put(self, message: Any, /) -> None:
        self.overflow(message)

    def squeeze(self, message: Any) -> None:
        key = message if type(message) is Ask else self._key(message)
        waiting = self.waiting
        if key in waiting:
            self.conflated += 1
        elif len(waiting) >= self.capacity:
            self.refuse(message)
        waiting[key] = message
        if self.idle:
            self.ring()

    def take(self, limit: int) -> list[Any]:
        waiting = self.waiting
        if len(waiting) <= limit:
            batch = list(waiting.values())
            waiting.clear()
        else:
            batch = [waiting.popitem(last=False)[1] for _ in range(limit)]
        self.processed += len(batch)
        return batch

    def mail(self) -> list[Any]:
        return list(self.waiting.values())


def _attribute_or_itself(name: str) -> Callable[[Any], Hashable]:
    """What has no such attribute, as an actor's own timer beats, is never conflated."""
    return lambda message: getattr(message, name) if hasattr(message, name) else _Alone()


class _Alone:
    """A key equal to no other."""

    __slots__ = ()


def new_mailbox(path: str, dead_letters: DeadLetters, previous: Mailbox, spec: MailboxSpec) -> Mailbox:
    """A closed mailbox with the overflow rule of the spec."""
    if isinstance(spec.overflow, Conflate):
        return ConflatingMailbox(path, dead_letters, previous, spec.overflow)
    kind = DropOldestMailbox if spec.overflow is Overflow.DROP_OLDEST else Mailbox
    return kind(path, dead_letters, previous)

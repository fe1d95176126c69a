"""The mailbox: what waits for one incarnation of an actor, bounded, with a control lane that is served first."""

from __future__ import annotations

from operator import length_hint
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Protocol

from engine.runtime.errors import ActorDeadError, BlockingCallError, MailboxFullError
from engine.runtime.mailbox_spec import MailboxStatistics
from engine.runtime.reply import fail_asker, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from engine.runtime.cell import Cell
    from engine.runtime.dead_letters import DeadLetters
    from engine.runtime.handlers import Handler

_NOTHING: Iterator[Any] = iter(())


class ReadyQueue(Protocol):
    """Where mailboxes with new mail are lined up."""

    def append(self, mailbox: Any, /) -> None: ...


class Scheduler(Protocol):
    """Who sees to it that mail is read: the dispatcher, or the task of a task actor."""

    @property
    def time(self) -> float:
        """Loop time in seconds, as fresh as is cheap."""
        ...

    @property
    def ready(self) -> ReadyQueue: ...

    @property
    def parked(self) -> bool:
        """Whether it sleeps until ``wake``."""
        ...

    def wake(self) -> None: ...


class Mailbox:
    """First in, first out; refuses what exceeds its capacity. Also a pykka ``ActorInbox``."""

    __slots__ = (
        "_ahead",
        "_mark",
        "actor",
        "batch",
        "capacity",
        "cell",
        "conflated",
        "control",
        "dead",
        "dead_letters",
        "dropped",
        "handlers",
        "idle",
        "is_closed",
        "is_paused",
        "is_stopping",
        "path",
        "processed",
        "room",
        "scheduler",
        "special",
        "stamp",
        "waiting",
    )

    always_special: ClassVar[bool] = False
    """Whether every turn needs more than a list of messages."""

    def __init__(self, path: str, dead_letters: DeadLetters, previous: Mailbox | None = None) -> None:
        """A closed mailbox, which makes dead letters until ``open``; it goes on counting where the previous ended."""
        self.path = path
        self.dead_letters = dead_letters
        self.cell: Cell | None = None
        self.actor: Any = None
        self.handlers: Mapping[type, Handler] = {}
        self.scheduler: Any = None  # a Scheduler; typed loosely because senders read it on the hot path
        self.waiting: Any = []
        self.batch: Iterator[Any] = _NOTHING  # what is being delivered; already counted as processed
        self.control: list[Any] | None = None
        self.capacity = self.room = 0
        self.is_closed = self.special = True
        self.idle = self.is_paused = self.is_stopping = False
        self.stamp = self._mark = 0.0
        self._ahead = 0
        self.processed = self.dropped = self.conflated = self.dead = 0
        if previous is not None:
            self.processed, self.dropped = previous.processed, previous.dropped
            self.conflated, self.dead = previous.conflated, previous.dead

    def open(
        self, cell: Cell, actor: Any, handlers: Mapping[type, Handler], scheduler: Scheduler, capacity: int
    ) -> None:
        """Take mail for this actor from now on."""
        self.cell, self.actor, self.handlers, self.scheduler = cell, actor, handlers, scheduler
        self.capacity = self.room = capacity
        self.is_closed = False
        self.idle = True
        self.settle()

    # What senders do. ActorRef.tell has the first half of put() inlined.

    def put(self, message: Any, /) -> None:
        """Add a message, or do with it what the overflow rule says."""
        if len(self.waiting) < self.room:
            self.waiting.append(message)
            if self.idle:
                self.ring()
        else:
            self.overflow(message)

    def overflow(self, message: Any) -> None:
        """The slow half of put: nobody is there, or there is no room."""
        if self.is_closed:
            self.bury(message, "nobody there")
        else:
            self.squeeze(message)

    def squeeze(self, message: Any) -> None:
        """What the overflow rule says."""
        self.refuse(message)

    def refuse(self, message: Any) -> NoReturn:
        self.dropped += 1
        raise MailboxFullError(f"{self.path} has {self.capacity} waiting and refused {name_of(message)}.")

    def urge(self, message: Any) -> None:
        """Add to the control lane: served before all other mail, beyond the capacity."""
        if self.is_closed:
            fail_asker(message, ActorDeadError(f"{self.path} is empty and does not answer {name_of(message)}."))
            return
        if self.control is None:
            self.control = []
        self.control.append(message)
        self.attend()

    def attend(self) -> None:
        """Something other than mail calls: the scheduler looks up before the next message."""
        self.special = True
        rest = list(self.batch)  # a delivery under way ends after its current message
        if rest:
            self.batch = iter(rest)
        self.ring()

    def ring(self) -> None:
        """Ask the scheduler for a turn."""
        scheduler = self.scheduler
        if scheduler.parked:
            scheduler.wake()
        if self.idle:
            self.idle = False
            self.stamp = scheduler.time
        scheduler.ready.append(self)

    # What the scheduler does.

    def take(self, limit: int) -> list[Any]:
        """The next messages, oldest first, at most ``limit``; they count as processed."""
        batch = self.waiting
        if len(batch) <= limit:
            self.waiting = []
        else:
            batch = self.split(limit)
        self.processed += len(batch)
        return batch

    def split(self, limit: int) -> list[Any]:
        """Take from more than the limit, and keep account of how old the rest may be."""
        batch = self.waiting[:limit]
        del self.waiting[:limit]
        if self._mark < self.stamp:
            self._ahead = 0
        if self._ahead > limit:
            self._ahead -= limit
        else:
            if self._ahead:
                self.stamp = self._mark
            self._ahead, self._mark = len(self.waiting), self.scheduler.time
        return batch

    def settle(self) -> None:
        """After something special: back to plain turns, if nothing special is left."""
        self.special = (
            self.always_special
            or self.is_closed
            or self.is_paused
            or self.is_stopping
            or bool(self.control)
            or length_hint(self.batch) > 0
        )

    def close(self, reason: str) -> None:
        """Take no more mail; what was left becomes dead letters."""
        under_way = list(self.batch)
        self.processed -= len(under_way)
        left, control = [*under_way, *self.mail()], self.control or []
        self.batch, self.waiting, self.control, self.actor = _NOTHING, [], None, None
        self.is_closed = self.special = True
        self.idle = False
        self.room = 0
        for message in left:
            self.bury(message, reason)
        for message in control:
            fail_asker(message, ActorDeadError(f"{self.path} ended before it answered {name_of(message)}."))

    def mail(self) -> list[Any]:
        """What waits, oldest first."""
        return list(self.waiting)

    def bury(self, message: Any, reason: str) -> None:
        self.dead += 1
        self.dead_letters.bury(self.path, message, reason)

    # What everyone may read.

    @property
    def depth(self) -> int:
        return len(self.waiting) + length_hint(self.batch)

    def statistics(self, now: float) -> MailboxStatistics:
        """The figures at loop time ``now``."""
        depth = self.depth
        return MailboxStatistics(
            depth=depth,
            oldest_age_s=max(0.0, now - self.stamp) if depth else 0.0,
            processed=self.processed - length_hint(self.batch),
            dropped=self.dropped,
            conflated=self.conflated,
            dead=self.dead,
        )

    def get(self) -> NoReturn:
        """How pykka waits for mail; fails."""
        raise BlockingCallError("Handlers receive messages; nobody fetches them.")

    def empty(self) -> bool:
        return self.depth == 0

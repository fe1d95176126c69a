"""Dead letters: what was told to places where nobody was, counted and sampled."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import msgspec

from engine.runtime.errors import ActorDeadError
from engine.runtime.reply import Ask, name_of

if TYPE_CHECKING:
    from engine.runtime.clock import Clock

SAMPLE_SIZE = 100
REPR_LIMIT = 200


class DeadLetter(msgspec.Struct, frozen=True):
    """One message that nobody received."""

    path: str
    message: str
    """Its repr, cut to a readable length."""
    time: int
    """Wall time in nanoseconds."""
    reason: str


class DeadLetters:
    """Counts every dead letter of a system and keeps the last hundred for whoever wonders."""

    def __init__(self, clock: Clock) -> None:
        self.count = 0
        self._clock = clock
        self._last: deque[tuple[str, Any, int, str]] = deque(maxlen=SAMPLE_SIZE)

    @property
    def sample(self) -> list[DeadLetter]:
        """The last hundred, oldest first."""
        return [
            DeadLetter(path, repr(message)[:REPR_LIMIT], time, reason) for path, message, time, reason in self._last
        ]

    def bury(self, path: str, message: Any, reason: str) -> None:
        """Take one in; if its sender waits for an answer, tell it that none will come."""
        self.count += 1
        letter = message.message if isinstance(message, Ask) else message
        self._last.append((path, letter, self._clock.now_ns(), reason))
        if isinstance(message, Ask):
            message.reply.fail(ActorDeadError(f"{path} ({reason}) did not handle {name_of(message)}."))

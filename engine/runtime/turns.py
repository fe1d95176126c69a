"""The order of turns: whose mailbox the dispatcher serves next, where no order is promised."""

from __future__ import annotations

from collections import deque
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.runtime.mailbox import Mailbox


class Turns(deque["Mailbox"]):
    """First come, first served."""


class ShuffledTurns(Turns):
    """Anybody of those who wait, by a seed: what an actor is told by another still comes in the order of telling.

    For tests: what depends on more than promises shows itself under one seed or another.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._random = Random(seed)

    def popleft(self) -> Mailbox:
        """Whoever chance chooses."""
        self.rotate(self._random.randrange(len(self)))
        return super().popleft()

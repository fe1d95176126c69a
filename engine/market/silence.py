"""Silence: how one who speaks now and then usually speaks, and how improbable a pause of his is by that."""

from math import exp, inf
from typing import Self

MEMORY_S = 7_200.0
"""Of spoken time: what was heard longer ago counts less than a third."""
MOST_CERTAIN = 20.0
"""No market's pace is known better than from so many pauses: it changes with the hour."""
ONCE_IN = 100.0
"""The expected interval is exceeded by one pause in so many."""
SUSPECT_AFTER = 2.0
"""Expected intervals after which a silence is looked into."""
OVER_AFTER = 3.0
"""Expected intervals after which a silence is none of the usual."""


class PaceMeter:
    """Learns how long the pauses between words are. Times are seconds of any steady clock; nothing is kept but two sums.

    Words are taken for a Poisson stream. Its mean pause is half the one a random moment falls into, Σp²/Σp: a mean by
    time and not by words, so that the thousand prints of an open's first minute weigh one minute, not a thousand words.
    How sure that is follows from the same sums, and the tail of the pause to come is the one of a Poisson stream whose
    rate has a gamma distribution: ``(1 + x/b) ** -a``, with a = (Σp)²/Σp² and b = a times the mean. With few pauses
    known the tail is long: who has been heard twice is expected for long.
    """

    __slots__ = ("_squares", "_times", "last_s")

    def __init__(self, *, first_guess_s: float = 1.0) -> None:
        """``first_guess_s``: the mean pause to begin with; it counts as one pause."""
        self._times = 2.0 * first_guess_s
        self._squares = 2.0 * first_guess_s * self._times
        self.last_s: float | None = None
        """When the last word came."""

    @classmethod
    def restore(cls, state: tuple[float, float]) -> Self:
        """One that goes on with what was learned, in another session."""
        meter = cls()
        meter._times, meter._squares = state
        return meter

    def state(self) -> tuple[float, float]:
        """What was learned."""
        return self._times, self._squares

    def heard(self, now_s: float) -> float:
        """A word came; the pause before it, 0 for the first one. A pause that nobody would believe counts as the longest believed."""
        before_s, self.last_s = self.last_s, now_s
        if before_s is None or now_s <= before_s:
            return 0.0
        pause_s = now_s - before_s
        believed_s = pause_s if pause_s <= self._times else min(pause_s, OVER_AFTER * self.expected_s)
        kept = exp(-believed_s / MEMORY_S)
        self._times = self._times * kept + believed_s
        self._squares = self._squares * kept + believed_s * believed_s
        return pause_s

    def rest(self) -> None:
        """What follows is no pause: the market closed, or the line was cut."""
        self.last_s = None

    @property
    def mean_s(self) -> float:
        """The mean pause between two words."""
        return self._squares / (2.0 * self._times)

    @property
    def expected_s(self) -> float:
        """The expected interval: of a hundred pauses ninety-nine are shorter."""
        a, b = self._tail()
        return b * (ONCE_IN ** (1.0 / a) - 1.0) if a > 0.1 else inf

    def chance(self, pause_s: float) -> float:
        """How probable it is that a pause gets as long as this."""
        a, b = self._tail()
        return (1.0 + pause_s / b) ** -a

    def _tail(self) -> tuple[float, float]:
        a = min(MOST_CERTAIN, self._times * self._times / self._squares)
        return a, a * self.mean_s

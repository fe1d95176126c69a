"""The appeal: how often one doubt is put before a second source, and which of its answers counts."""

from typing import Final

from engine.market.validation import PriceGuard, Ruling

APPEAL_INTERVAL_NS: Final = 30_000_000_000
"""Between two appeals to a second source that does not answer."""
MOST_APPEALS: Final = 10
"""After so many a price that nothing contradicts is believed, and its minute looked up."""


class Appeal:
    """One doubt's own, begun and ended with it: what was asked about the doubt before counts for nothing here."""

    __slots__ = ("_again_ns", "_guard", "_made")

    def __init__(self, guard: PriceGuard) -> None:
        """An appeal of what ``guard`` holds now."""
        self._guard = guard
        self._made = 0
        self._again_ns = 0

    @property
    def due_ns(self) -> int:
        """When a second source is to be asked next, ns UTC; it moves on with every tick that is held."""
        return max(self._guard.appeal_ns or 0, self._again_ns)

    def make(self, now_ns: int) -> bool:
        """Counts one more; False when so many were made in vain that nobody is left to ask."""
        if self._made == MOST_APPEALS:
            return False
        self._made += 1
        self._again_ns = now_ns + APPEAL_INTERVAL_NS
        return True

    def answer(self, price: float, asked_ns: int) -> Ruling:
        """What a second source said who was asked then; it knows nothing of ticks that were held after that."""
        appeal_ns = self._guard.appeal_ns
        if appeal_ns is None or asked_ns < appeal_ns:
            return Ruling()
        return self._guard.hear(price)

"""Silence: how long a feed may say nothing before something must be wrong, learnt from how it usually speaks."""

FIRST_PAUSE_S = 1.0
"""What the first pause may count for at most: it may itself be the outage."""


class SilenceMeter:
    """Follows the usual pause between a feed's messages; a feed of few quiet instruments is allowed long ones.

    Times are seconds of any steady clock.
    """

    def __init__(
        self, *, least_s: float = 15.0, most_s: float = 300.0, factor: float = 20.0, doubt_s: float = 2.0
    ) -> None:
        self._least_s = least_s
        self._doubt_s = doubt_s
        self._most_s = most_s
        self._factor = factor
        self._usual_s = 0.0
        self._last_s: float | None = None

    def heard(self, now_s: float) -> bool:
        """The feed spoke; whether the pause before was so unusual that something may have been lost in it."""
        before_s, self._last_s = self._last_s, now_s
        if before_s is None:
            return False
        pause_s = now_s - before_s
        if not self._usual_s:  # the first pause is all we know of this feed
            self._usual_s = min(pause_s, FIRST_PAUSE_S)
        usual_s = max(self._doubt_s, self._factor * self._usual_s)
        self._usual_s += 0.05 * (min(pause_s, usual_s) - self._usual_s)
        return pause_s > usual_s

    @property
    def limit_s(self) -> float:
        """A pause longer than this is not the market's."""
        return min(self._most_s, max(self._least_s, self._factor * self._usual_s))

    def over_s(self, since_s: float) -> float:
        """When the present pause gets too long; it began with the last word, or at ``since_s`` if that is later."""
        return max(since_s, self._last_s or since_s) + self.limit_s

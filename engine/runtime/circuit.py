"""The circuit: whether somebody who failed again and again is asked, and when one question finds out if he is back."""

from typing import Final

from engine.runtime.backoff import Backoff

PROBES: Final = Backoff(initial_s=1.0, maximum_s=60.0)


class Circuit:
    """Closed at first. After ``failures`` in a row it is open: who asks is refused, so that the dead cost nobody time.

    An open one lets a single question through after each delay of the backoff: the probe. One that succeeds closes it,
    one that fails makes the next wait longer, and one of which nothing is heard is followed by another after the same
    delay. Pure: moments are seconds of any one clock, chance is an argument.
    """

    def __init__(self, *, failures: int = 3, backoff: Backoff = PROBES) -> None:
        self._allowed = failures
        self._backoff = backoff
        self._failures = 0
        self._delay_s = 0.0
        self._probe_s = float("-inf")
        """When the next question may go through; those before it are refused."""
        self._probing = False

    @property
    def is_open(self) -> bool:
        """Whether only probes go through."""
        return self._delay_s > 0

    def admits(self, now_s: float) -> bool:
        """Whether to ask now. Who is let through an open one is its probe, and says how it went."""
        if not self.is_open:
            return True
        if now_s < self._probe_s:
            return False
        self._probe_s = now_s + self._delay_s
        self._probing = True
        return True

    def succeeded(self) -> None:
        """An answer came: everybody may ask again."""
        self._failures = 0
        self._delay_s = 0.0
        self._probing = False

    def failed(self, now_s: float, jitter: float, *, wait_s: float = 0.0) -> None:
        """None came; ``jitter`` is a random number in [0, 1). With ``wait_s`` he asked to be left alone so long, at once.

        Those who had asked before an open one opened add nothing: a hundred of them are not a hundred failed probes.
        """
        if self.is_open and not self._probing:
            self._probe_s = max(self._probe_s, now_s + wait_s)
            return
        self._probing = False
        self._failures += 1
        beyond = self._failures - self._allowed
        if beyond < 0 and not wait_s:
            return
        self._delay_s = max(wait_s, self._backoff.delay(max(0, beyond), jitter))
        self._probe_s = now_s + self._delay_s

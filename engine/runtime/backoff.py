"""Backoff: how long a supervisor waits before it restarts a failed child."""

import msgspec

from engine.runtime.errors import SpecError


class Backoff(msgspec.Struct, frozen=True):
    """Exponential delays with a cap; pure, the jitter's randomness is an argument. Durations in seconds."""

    initial_s: float = 0.5
    maximum_s: float = 30.0
    factor: float = 2.0
    jitter: float = 0.2
    """The share of a delay that chance may take away, so that what failed together does not return together."""
    stable_after_s: float = 60.0
    """An incarnation that lived this long has earned a fresh start of the series; merely starting has not."""

    def __post_init__(self) -> None:
        if not 0.0 <= self.initial_s <= self.maximum_s:
            raise SpecError(
                f"A backoff grows from initial_s to maximum_s, was {self.initial_s:g} to {self.maximum_s:g}."
            )
        if self.factor < 1.0 or not 0.0 <= self.jitter <= 1.0:
            raise SpecError(f"A factor is at least 1 and jitter a share, was {self.factor:g} and {self.jitter:g}.")

    def delay(self, attempt: int, jitter: float) -> float:
        """Seconds to wait before restart number ``attempt`` (from 0); ``jitter`` is a random number in [0, 1)."""
        return self._full(attempt) * (1.0 - self.jitter * jitter)

    def _full(self, attempt: int) -> float:
        try:
            return min(self.maximum_s, self.initial_s * self.factor**attempt)
        except OverflowError:
            return self.maximum_s if self.initial_s else 0.0


NONE = Backoff(initial_s=0.0, maximum_s=0.0, jitter=0.0)
"""Restart at once: for children whose failure costs nothing to repeat."""

GENTLE = Backoff(initial_s=1.0, maximum_s=60.0)
"""For children that lean on a store or a provider, which need time to come back."""

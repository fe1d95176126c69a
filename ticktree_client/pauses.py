"""Pauses: when to come back, and whether at all. Pure: the chance is an argument."""

from collections.abc import Callable

FIRST_S = 0.25
LONGEST_S = 30.0


def pause_s(attempt: int, chance: Callable[[], float], *, at_least_s: float = 0.0) -> float:
    """Seconds before attempt 1, 2, …: from half of a doubling span to all of it, so that clients do not come together."""
    span = min(LONGEST_S, FIRST_S * 2.0 ** min(attempt - 1, 16))
    return max(at_least_s, span * (0.5 + chance() / 2))


def may_come_back(code: int) -> bool:
    """Whether a close code invites to connect again: below 3500 and from 4000 to 4499."""
    return code < 3500 or 4000 <= code < 4500

"""Retries: how often each thing failed in a row, and when it may be tried once more. Pure."""

from typing import Final

_FIRST_PAUSE_S: Final = 120.0
_LONGEST_PAUSE_S: Final = 3_600.0
_NS_PER_S: Final = 1_000_000_000


class Retries:
    """After each failure a thing rests for twice as long as after the one before, an hour at most."""

    __slots__ = ("_again_ns", "_failures")

    def __init__(self) -> None:
        self._failures: dict[str, int] = {}
        self._again_ns: dict[str, int] = {}
        """Of those whose last failure was noted and that were not tried since."""

    def note_failure(self, name: str, now_ns: int) -> int:
        """How many there are in a row with this one."""
        failures = self._failures[name] = self._failures.get(name, 0) + 1
        pause_s = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** (failures - 1))
        self._again_ns[name] = now_ns + int(pause_s * _NS_PER_S)
        return failures

    def forget(self, name: str) -> None:
        """It succeeded, or is given up: its next failure is the first."""
        self._failures.pop(name, None)
        self._again_ns.pop(name, None)

    def is_noted(self, name: str) -> bool:
        """Whether the failure of its last try was."""
        return name in self._again_ns

    def may_try(self, name: str, now_ns: int) -> bool:
        """Whether it does not rest (any more); who hears so tries it, and its next failure is to be noted."""
        if now_ns < self._again_ns.get(name, 0):
            return False
        self._again_ns.pop(name, None)
        return True

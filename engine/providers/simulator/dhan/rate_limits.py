"""The documented rate limits of Dhan's REST calls."""

from typing import Final

_CALLS_EACH_SECOND: Final = {"charts": 5, "marketfeed": 1}
"""By the first part of the path."""


class RateLimits:
    """Counts calls in windows of one second, each kind by itself."""

    def __init__(self) -> None:
        self._calls: dict[str, list[float]] = {}

    def admit(self, path: str, now_s: float) -> bool:
        """Whether a call may be answered now; one that may not does not count."""
        kind = path.partition("/")[0]
        most = _CALLS_EACH_SECOND.get(kind)
        if most is None:
            return True
        calls = [moment for moment in self._calls.get(kind, ()) if moment > now_s - 1]
        admitted = len(calls) < most
        self._calls[kind] = [*calls, now_s] if admitted else calls
        return admitted

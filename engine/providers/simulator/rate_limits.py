"""The documented rate limits of a vendor's REST calls."""

from collections.abc import Mapping


class RateLimits:
    """Counts calls in windows of one second, each kind by itself."""

    def __init__(self, calls_each_second: Mapping[str, int]) -> None:
        """By kind; others are not limited."""
        self._most = calls_each_second
        self._calls: dict[str, list[float]] = {}

    def admit(self, kind: str, now_s: float) -> bool:
        """Whether a call may be answered now; one that may not does not count."""
        most = self._most.get(kind)
        if most is None:
            return True
        calls = [moment for moment in self._calls.get(kind, ()) if moment > now_s - 1]
        admitted = len(calls) < most
        self._calls[kind] = [*calls, now_s] if admitted else calls
        return admitted

"""The documented rate limits of a vendor's REST calls."""

from collections.abc import Mapping


class RateLimits:
    """Counts calls in windows of one second, or of the seconds in which one is allowed; each kind by itself."""

    def __init__(self, calls_each_second: Mapping[str, float]) -> None:
        """By kind; others are not limited."""
        self._rates = calls_each_second
        self._calls: dict[str, list[float]] = {}

    def admit(self, kind: str, now_s: float) -> bool:
        """Whether a call may be answered now; one that may not does not count."""
        rate = self._rates.get(kind)
        if rate is None:
            return True
        calls = [moment for moment in self._calls.get(kind, ()) if moment > now_s - max(1.0, 1 / rate)]
        admitted = len(calls) < max(1.0, rate)
        self._calls[kind] = [*calls, now_s] if admitted else calls
        return admitted

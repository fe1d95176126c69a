"""Soundness: whether the bytes of a connection can be believed, judged by those that contradict themselves."""

from engine.providers.base import Decoder, DecoderStatistics

WINDOW_NS = 60_000_000_000
"""Damage seldom comes alone: what was read so long before and after it is in doubt, though it looks like prices."""


class Soundness:
    """Follows one connection's decoder. Times are ns of the engine's clock."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self.statistics = DecoderStatistics()
        """As of the last look."""
        self._damaged_ns = 0
        self._told_ns: int | None = None

    def look(self, now_ns: int) -> int | None:
        """Since when what was read is in doubt, where that is news: at the first damage, while it lasts, and at its end."""
        before, self.statistics = self.statistics, self._decoder.statistics()
        if self.statistics.malformed != before.malformed:
            self._damaged_ns = now_ns
            if self._told_ns is None:
                self._told_ns = now_ns
                return now_ns - WINDOW_NS
        if self._told_ns is None or now_ns - self._told_ns < WINDOW_NS:
            return None
        return self._tell(now_ns, goes_on=now_ns - self._damaged_ns < WINDOW_NS)

    def part(self, now_ns: int) -> int | None:
        """The same at the connection's end, when nothing more will be told."""
        return self._tell(now_ns, goes_on=False)

    def _tell(self, now_ns: int, *, goes_on: bool) -> int | None:
        told_ns, self._told_ns = self._told_ns, now_ns if goes_on else None
        return None if told_ns is None else told_ns - WINDOW_NS

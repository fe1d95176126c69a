"""What a decoder counts: the figures by which an operator sees what a feed brings, and what of it nobody could use."""

from typing import Final

from engine.providers.base import DecoderStatistics

_SAMPLE_SIZE: Final = 20
_SAMPLE_LENGTH: Final = 40


class CountingDecoder:
    """The counters of a decoder; those that it never moves stay at 0."""

    def __init__(self) -> None:
        self._frames = self._packets = self._ticks = 0
        self._unknown_codes = self._malformed = self._market_status = 0
        self._unmapped = self._unpriced = self._untimed = self._clock_suspect = 0
        self._undated: int = 0
        self._unmapped_sample: dict[str, None] = {}

    def statistics(self) -> DecoderStatistics:
        """What was seen so far."""
        return DecoderStatistics(
            frames=self._frames,
            packets=self._packets,
            ticks=self._ticks,
            unknown_codes=self._unknown_codes,
            unmapped=self._unmapped,
            malformed=self._malformed,
            unpriced=self._unpriced,
            untimed=self._untimed,
            clock_suspect=self._clock_suspect,
            undated=self._undated,
            market_status=self._market_status,
            unmapped_sample=tuple(self._unmapped_sample),
        )

    def _count_unmapped(self, name: str) -> None:
        """A price of something that nobody asked for; the first few names are kept."""
        self._unmapped += 1
        if len(self._unmapped_sample) < _SAMPLE_SIZE:
            self._unmapped_sample[name[:_SAMPLE_LENGTH]] = None

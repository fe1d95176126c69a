"""The record: what one of the exchange's providers keeps of what was traded."""

from collections.abc import Iterable

import msgspec

from engine.market.candle import Candle


class Loss(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A provider lacks the minutes that open in ``[start_ns, end_ns)``, of one instrument or of all when none is named."""

    start_ns: int
    end_ns: int
    instrument: str = ""

    def covers(self, candle: Candle) -> bool:
        return self.start_ns <= candle.time < self.end_ns and self.instrument in ("", candle.instrument)


class Record:
    """Several providers read from one market, so that what one of them lost can be had from another."""

    def __init__(self) -> None:
        self._losses: list[Loss] = []

    def lose(self, losses: Iterable[Loss]) -> None:
        self._losses += losses

    def recover(self) -> None:
        """Nothing is lacking any more."""
        self._losses.clear()

    def kept(self, minutes: list[Candle]) -> list[Candle]:
        """Those that are not lost."""
        if not self._losses:
            return minutes
        return [minute for minute in minutes if not any(loss.covers(minute) for loss in self._losses)]

"""The market of recordings: each instrument trades what its recording holds, and nothing else."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from engine.market.candle import Candle
from engine.providers.simulator.history import merge
from engine.providers.simulator.hours import DAY_NS, INDIA_NS, MINUTE_NS, indian_date, indian_midnight
from engine.providers.simulator.recorded import Recording
from engine.providers.simulator.tape import Tape, Trade


class RecordedMarket:
    """Replays recordings side by side, each at its own time."""

    def __init__(self, recordings: Sequence[Recording]) -> None:
        self._recordings = recordings
        self.listings = [recording.listing for recording in recordings]

    @property
    def starts_ns(self) -> int:
        """The moment of the first event."""
        return min(recording.starts_ns for recording in self._recordings)

    def tape(self, index: int, time_ns: int) -> Tape | None:
        return self._recordings[index].tape(time_ns // MINUTE_NS * MINUTE_NS)

    def tape_from(self, index: int, time_ns: int) -> Tape | None:
        recording = self._recordings[index]
        place = bisect_left(recording.opens, time_ns)
        return recording.tape(recording.opens[place]) if place < len(recording.opens) else None

    def last(self, index: int, time_ns: int) -> Trade | None:
        recording = self._recordings[index]
        for place in range(bisect_right(recording.opens, time_ns) - 1, -1, -1):
            tape = recording.tape(recording.opens[place])
            trade = None if tape is None else _last_trade(tape, time_ns)
            if trade is not None:
                return trade
        return None

    def minutes(self, index: int, start_ns: int, end_ns: int) -> list[Candle]:
        recording = self._recordings[index]
        opens = recording.opens[bisect_left(recording.opens, start_ns) : bisect_left(recording.opens, end_ns)]
        candles = (recording.candle(opens_ns) for opens_ns in opens)
        return [candle for candle in candles if candle is not None]

    def days(self, index: int, start_ns: int, end_ns: int) -> list[Candle]:
        first, last = (_midnight_from(moment) for moment in (start_ns, end_ns))
        return merge(self.minutes(index, first, last), "1d", DAY_NS, origin_ns=-INDIA_NS)


def _last_trade(tape: Tape, time_ns: int) -> Trade | None:
    for number in range(bisect_right(tape.times, time_ns) - 1, -1, -1):
        event = tape.event(number)
        if isinstance(event, Trade):
            return event
    return None


def _midnight_from(time_ns: int) -> int:
    """The first Indian midnight at a moment or later."""
    midnight = indian_midnight(indian_date(time_ns))
    return midnight if midnight == time_ns else midnight + DAY_NS

"""Halts: stretches in which an instrument is not traded, cut out of a market that knows all it would have traded."""

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property

import msgspec

from engine.market.candle import Candle
from engine.providers.simulator.history import aggregate, merge
from engine.providers.simulator.hours import DAY_NS, INDIA_NS, MINUTE_NS, indian_date
from engine.providers.simulator.instruments import Listing
from engine.providers.simulator.tape import Event, Market, Tape, Trade

_FAR_NS = 2**62


class Halt(msgspec.Struct):
    """What an instrument would have traded after ``start_ns`` and up to ``end_ns`` it has not traded."""

    start_ns: int
    end_ns: int = _FAR_NS
    missing: int = 0
    """The volume that fell away, once the halt is over."""


class _CutTape:
    """A minute's events without those that fell into a halt."""

    def __init__(self, whole: Tape, market: "HaltedMarket", index: int) -> None:
        self._whole = whole
        self._market = market
        self._index = index
        self.opens_ns = whole.opens_ns

    @cached_property
    def _kept(self) -> list[int]:
        return [
            number for number, moment in enumerate(self._whole.times) if not self._market.is_halted(self._index, moment)
        ]

    @property
    def times(self) -> Sequence[int]:
        return [self._whole.times[number] for number in self._kept]

    @property
    def volume_before(self) -> int:
        return self._whole.volume_before - self._market.missing(self._index, self.opens_ns)

    def event(self, number: int) -> Event:
        return self._market.cut(self._index, self._whole.event(self._kept[number]))


class HaltedMarket:
    """A market with halts, of which it hears while they happen; without any it is the market within."""

    def __init__(self, whole: Market) -> None:
        self.whole = whole
        self._halts: defaultdict[int, list[Halt]] = defaultdict(list)

    @property
    def listings(self) -> Sequence[Listing]:
        return self.whole.listings

    @property
    def halts(self) -> bool:
        """Whether there has been any halt."""
        return bool(self._halts)

    # What happens

    def halt(self, index: int, now_ns: int) -> None:
        """From now on the instrument is not traded."""
        self._halts[index].append(Halt(now_ns))

    def resume(self, index: int, now_ns: int) -> None:
        """It is traded again; what it would have traded meanwhile is missing from the day's volume from now on."""
        halt = self._halts[index][-1]
        halt.end_ns = now_ns
        halt.missing = self._volume(index, now_ns) - self._volume(index, halt.start_ns)

    def is_halted(self, index: int, time_ns: int) -> bool:
        """Whether a trade at that moment falls away."""
        return any(halt.start_ns < time_ns <= halt.end_ns for halt in self._halts.get(index, ()))

    def missing(self, index: int, time_ns: int) -> int:
        """The volume that fell away on the day of a moment and before it."""
        day = indian_date(time_ns)
        halts = [halt for halt in self._halts.get(index, ()) if indian_date(min(halt.end_ns, time_ns)) == day]
        over = sum(halt.missing for halt in halts if halt.end_ns <= time_ns)
        return over + sum(
            self._volume(index, time_ns - 1) - self._volume(index, halt.start_ns)
            for halt in halts
            if halt.start_ns < time_ns < halt.end_ns
        )

    def cut(self, index: int, event: Event) -> Event:
        """An event with the running volume of what was really traded."""
        if not isinstance(event, Trade):
            return event
        missing = self.missing(index, event.time_ns)
        return msgspec.structs.replace(event, volume=event.volume - missing) if missing else event

    # What the exchange asks

    def tape(self, index: int, time_ns: int) -> Tape | None:
        tape = self.whole.tape(index, time_ns)
        return tape if tape is None or index not in self._halts else _CutTape(tape, self, index)

    def tape_from(self, index: int, time_ns: int) -> Tape | None:
        tape = self.whole.tape_from(index, time_ns)
        return tape if tape is None or index not in self._halts else _CutTape(tape, self, index)

    def last(self, index: int, time_ns: int) -> Trade | None:
        for halt in reversed(self._halts.get(index, ())):
            if halt.start_ns < time_ns <= halt.end_ns:
                time_ns = halt.start_ns
            elif halt.end_ns < time_ns:
                trade = self.whole.last(index, time_ns)
                if trade is None or trade.time_ns > halt.end_ns:
                    break
                time_ns = halt.start_ns
        trade = self.whole.last(index, time_ns)
        cut = None if trade is None else self.cut(index, trade)
        return cut if isinstance(cut, Trade) else None

    def minutes(self, index: int, start_ns: int, end_ns: int) -> list[Candle]:
        candles = self.whole.minutes(index, start_ns, end_ns)
        if index not in self._halts:
            return candles
        found = (candle if not self._touched(index, candle.time) else self._rest(index, candle) for candle in candles)
        return [candle for candle in found if candle is not None]

    def days(self, index: int, start_ns: int, end_ns: int) -> list[Candle]:
        days = self.whole.days(index, start_ns, end_ns)
        if index not in self._halts:
            return days
        return [day for whole in days for day in self._day(index, whole)]

    def _touched(self, index: int, opens_ns: int) -> bool:
        halts = self._halts[index]
        return any(halt.start_ns < opens_ns + MINUTE_NS and opens_ns <= halt.end_ns for halt in halts)

    def _rest(self, index: int, candle: Candle) -> Candle | None:
        tape = self.tape(index, candle.time)
        return None if tape is None else aggregate(self.listings[index], tape, upto_ns=_FAR_NS)

    def _day(self, index: int, whole: Candle) -> list[Candle]:
        if not any(indian_date(halt.start_ns) == indian_date(whole.time) for halt in self._halts[index]):
            return [whole]
        minutes = self.minutes(index, whole.time, whole.time + DAY_NS)
        return merge(minutes, "1d", DAY_NS, origin_ns=-INDIA_NS)

    def _volume(self, index: int, time_ns: int) -> int:
        """The volume of the day until a moment, had there been no halt."""
        trade = self.whole.last(index, time_ns)
        today = trade is not None and indian_date(trade.time_ns) == indian_date(time_ns)
        return trade.volume if trade is not None and today else 0

"""What was recorded, by minutes: the packets themselves, or bars whose trades are made up again."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import msgspec

from engine.market.candle import Candle
from engine.providers.simulator.chance import generator
from engine.providers.simulator.division import Bar
from engine.providers.simulator.history import aggregate
from engine.providers.simulator.hours import MINUTE_NS, indian_date
from engine.providers.simulator.instruments import Listing
from engine.providers.simulator.minute_tape import DayFigures, MinuteTape
from engine.providers.simulator.tape import Event, Tape, Trade, make_candle


class EventTape(msgspec.Struct, frozen=True):
    """The recorded events of one minute."""

    opens_ns: int
    times: Sequence[int]
    events: Sequence[Event]
    volume_before: int

    def event(self, number: int) -> Event:
        return self.events[number]

    def traded(self) -> "EventTape":
        """Only what moved the volume: packets are also recorded when nothing but the book has changed."""
        volume, moved = self.volume_before, list[Event]()
        for event in self.events:
            if isinstance(event, Trade) and event.volume > volume:
                volume = event.volume
                moved.append(event)
        events = moved or self.events
        return EventTape(self.opens_ns, [event.time_ns for event in events], events, self.volume_before)


class PacketRecording:
    """Every recorded field of Full packets, at the time each was received; what the file lacks is zero."""

    def __init__(self, listing: Listing, events: Sequence[Event], *, volume_before: int | None = None) -> None:
        """``volume_before`` is the day's volume before the first event; where nobody knows, what that one tells."""
        self.listing = listing
        self._tapes = {tape.opens_ns: tape for tape in _tapes(events, volume_before)}
        self.opens = sorted(self._tapes)
        self.starts_ns = events[0].time_ns

    def tape(self, opens_ns: int) -> Tape | None:
        return self._tapes.get(opens_ns)

    def candle(self, opens_ns: int) -> Candle | None:
        tape = self._tapes[opens_ns]
        return aggregate(self.listing, tape.traded(), upto_ns=tape.times[-1])


class RecordedBar(msgspec.Struct, frozen=True, gc=False):
    """One recorded minute, and how its day stood before it."""

    bar: Bar
    volume: int
    figures: DayFigures


class BarRecording:
    """One-minute bars; the trades between are made up, and make exactly those bars."""

    def __init__(
        self, listing: Listing, bars: Mapping[int, tuple[Bar, int]], *, seed: int, trades_per_minute: float
    ) -> None:
        self.listing = listing
        self._bars = dict(_with_figures(sorted(bars.items())))
        self._seed = seed
        self._trades = max(1, round(trades_per_minute))
        self.opens = sorted(self._bars)
        self.starts_ns = self.opens[0]

    def tape(self, opens_ns: int) -> Tape | None:
        recorded = self._bars.get(opens_ns)
        if recorded is None:
            return None
        return MinuteTape(
            self.listing,
            opens_ns,
            recorded.figures,
            recorded.bar,
            volume=recorded.volume,
            trades=min(self._trades, recorded.volume or self._trades),
            rng=generator(self._seed, self.listing.seed, opens_ns // MINUTE_NS),
        )

    def candle(self, opens_ns: int) -> Candle | None:
        recorded = self._bars[opens_ns]
        return make_candle(self.listing, "1m", opens_ns, recorded.bar, volume=recorded.volume, open_interest=None)


Recording = PacketRecording | BarRecording


def _tapes(events: Sequence[Event], volume_before: int | None) -> Iterator[EventTape]:
    first = next((event.volume for event in events if isinstance(event, Trade)), 0)
    volume = first if volume_before is None else volume_before
    for opens_ns, group in groupby(events, key=lambda event: event.time_ns // MINUTE_NS * MINUTE_NS):
        minute = list(group)
        yield EventTape(opens_ns, [event.time_ns for event in minute], minute, volume)
        volume = max(volume, *(event.volume for event in minute if isinstance(event, Trade)))


def _with_figures(bars: Sequence[tuple[int, tuple[Bar, int]]]) -> Iterator[tuple[int, RecordedBar]]:
    previous_close = 0
    for _, minutes in groupby(bars, key=lambda item: indian_date(item[0])):
        figures: DayFigures | None = None
        for opens_ns, (bar, volume) in minutes:
            if figures is None:
                figures = DayFigures(bar.open, bar.open, bar.open, previous_close)
            yield opens_ns, RecordedBar(bar, volume, figures)
            figures = msgspec.structs.replace(
                figures,
                high=max(figures.high, bar.high),
                low=min(figures.low, bar.low),
                volume=figures.volume + volume,
                turnover=figures.turnover + (bar.high + bar.low + bar.close) // 3 * volume,
            )
            previous_close = bar.close

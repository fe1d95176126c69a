"""The hot path of Databento's feed: DBN of one connection to ticks, each beside the target of its route."""

from collections.abc import Iterable, Sequence
from struct import Struct
from typing import Any, Final

from engine.market.tick import Tick
from engine.providers.base import Route
from engine.providers.counting import CountingDecoder
from engine.providers.databento.bookmarks import Bookmarks
from engine.providers.databento.control import Mapping, read_control
from engine.providers.databento.lanes import Lane, Lanes
from engine.providers.databento.metadata import symbol_numbers
from engine.providers.databento.records import (
    CONTROL_KINDS,
    PRICE_LIMIT,
    PRICE_SCALE,
    QUOTE,
    QUOTE_KIND,
    TRADE,
    TRADE_KIND,
    Framing,
    Run,
    begins_stream,
)

_SECOND: Final = 1_000_000_000
_EARLIEST_NS: Final = 946_684_800 * _SECOND
_AHEAD_NS: Final = 60 * _SECOND  # how far the exchange's clock may be ahead of ours before we take its time for damaged
_TRADED: Final = b"T"

Ticks = list[tuple[Any, Tick]]


class DatabentoDecoder(CountingDecoder):
    """Decodes the stream of one connection, wherever its pieces are cut.

    The gateway says with a mapping which number a symbol goes by, a file of history in its metadata; records of other
    numbers are unmapped. Each trade is a tick with its size, and there is no running total. Best bid and ask ride on
    the tick where the feed has them; a change of the book alone makes none. Trades that other decoders with the same
    ``bookmarks`` had told before this one was made are passed over, so that a connection may begin in the past.

    A record whose length its kind can not have is malformed. Where no record can begin, the stream is broken: this and
    every frame after it are malformed until another stream begins; the connection, which cuts by the same rules, ends
    there by itself.
    """

    # The vendor's package does the rare records. For trades it takes twice the time, and it panics at those that are
    # too short for their kind.

    def __init__(
        self, routes: Sequence[Route] = (), *, provider: str = "databento", bookmarks: Bookmarks | None = None
    ) -> None:
        super().__init__()
        self._provider = provider
        self._framing = Framing()
        self._lanes = Lanes(bookmarks or Bookmarks())
        self._begun = False
        self.add(routes)

    def add(self, routes: Sequence[Route]) -> None:
        self._lanes.add(routes)

    def remove(self, routes: Sequence[Route]) -> None:
        self._lanes.remove(routes)

    def decode(self, frame: bytes, ts_recv: int) -> list[tuple[Any, Tick]]:
        """The ticks of a piece received at ``ts_recv`` (ns), in their order; never raises for any bytes."""
        ticks: Ticks = []
        if begins_stream(frame):
            self._framing, self._begun = Framing(), False
        data, runs = self._framing.push(frame)
        if not self._begun and self._framing.metadata:
            self._begin()
        for run in runs:
            self._packets += (run.stop - run.start) // run.size
            self._take(data[run.start : run.stop], run, ts_recv, ticks)
        if self._framing.broken:
            self._malformed += 1
        self._frames += 1
        self._ticks += len(ticks)
        return ticks

    def _begin(self) -> None:
        self._begun = True
        for symbol, numbers in symbol_numbers(self._framing.metadata).items():
            self._lanes.number(symbol, *numbers)

    def _take(self, records: bytes, run: Run, ts_recv: int, ticks: Ticks) -> None:
        if run.kind == TRADE_KIND and run.size >= TRADE.size:
            self._trades(_rows(TRADE, records, run.size), ts_recv, ticks)
        elif run.kind == QUOTE_KIND and run.size >= QUOTE.size:
            self._quotes(_rows(QUOTE, records, run.size), ts_recv, ticks)
        elif run.kind in CONTROL_KINDS:
            self._control(records, run)
        elif run.kind in (TRADE_KIND, QUOTE_KIND):
            self._malformed += len(records) // run.size
        else:
            self._unknown_codes += len(records) // run.size

    def _control(self, records: bytes, run: Run) -> None:
        """Learn the numbers; what is said to people, the connection reads."""
        for told in read_control(records, run.size, self._framing.version):
            if told is None:
                self._malformed += 1
            elif isinstance(told, Mapping):
                self._lanes.number(told.asked, told.instrument_id)

    def _trades(self, rows: Iterable[tuple[Any, ...]], ts_recv: int, ticks: Ticks) -> None:
        """Nearly all trades are of one route, on its grid and later than its last: they are taken right here.

        A call for each would cost half as much again.
        """
        alone, provider, latest = self._lanes.alone, self._provider, ts_recv + _AHEAD_NS
        for number, event_ns, scaled, size, action in rows:
            lane = alone.get(number)
            if (
                lane is not None
                and 0 < lane.at_ns < event_ns <= latest
                and not lane.known_ns
                and 0 < scaled < PRICE_LIMIT
                and not scaled % lane.step
                and action == _TRADED
            ):
                lane.at_ns, lane.count = event_ns, 1
                price = scaled / PRICE_SCALE
                tick = Tick(lane.instrument, price, size, None, event_ns, ts_recv, provider, None, lane.bid, lane.ask)
                ticks.append((lane.target, tick))
            elif action == _TRADED:
                self._trade(self._lanes_of(number), event_ns, scaled, size, ts_recv, ticks)

    def _quotes(self, rows: Iterable[tuple[Any, ...]], ts_recv: int, ticks: Ticks) -> None:
        """Trades with bid and ask, and changes of these between trades."""
        for number, event_ns, scaled, size, action, bid, ask in rows:
            lanes = self._lanes_of(number)
            for lane in lanes:
                lane.take_book(bid, ask)
            if action == _TRADED:
                self._trade(lanes, event_ns, scaled, size, ts_recv, ticks)

    def _trade(  # noqa: PLR0917 - called often: names would cost a tenth
        self, lanes: Sequence[Lane], event_ns: int, scaled: int, size: int, ts_recv: int, ticks: Ticks
    ) -> None:
        if not 0 < scaled < PRICE_LIMIT:
            self._unpriced += 1
            return
        price, timed = scaled / PRICE_SCALE, _EARLIEST_NS <= event_ns <= ts_recv + _AHEAD_NS
        for lane in lanes:
            if scaled < lane.least:
                self._unpriced += 1
                continue
            if timed:
                if lane.known_ns and not lane.is_news(event_ns):
                    continue
                lane.advance(event_ns)
            else:
                self._untimed += 1
            tick = Tick(
                lane.instrument,
                lane.round(price) if scaled % lane.step else price,
                size,
                None,
                event_ns if timed else ts_recv,
                ts_recv,
                self._provider,
                None,
                lane.bid,
                lane.ask,
            )
            ticks.append((lane.target, tick))

    def _lanes_of(self, number: int) -> Sequence[Lane]:
        lanes = self._lanes.by_number.get(number)
        if lanes is None:
            self._count_unmapped(str(number))
            return ()
        return lanes


def _rows(layout: Struct, records: bytes, size: int) -> Iterable[tuple[Any, ...]]:
    """The fields of each record; one that is longer than its layout holds more than anybody reads here."""
    if size == layout.size:
        return layout.iter_unpack(records)
    return (layout.unpack_from(records, at) for at in range(0, len(records), size))

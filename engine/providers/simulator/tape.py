"""What the exchange trades: single trades with the day's running figures, and the tape of one minute of them."""

from array import array
from collections.abc import Sequence
from itertools import accumulate
from random import Random
from typing import Protocol

import msgspec

from engine.market.candle import Candle, CandleState
from engine.providers.dhan.codec import DEPTH_LEVELS, DepthRow
from engine.providers.simulator.division import Bar, path, split
from engine.providers.simulator.hours import MINUTE_NS
from engine.providers.simulator.instruments import Listing


class Trade(msgspec.Struct, frozen=True, gc=False):
    """One trade (or change, for an index), with all that a Full packet says. Prices in rupees, quantities in units."""

    time_ns: int
    price: float
    quantity: int
    average_price: float
    volume: int
    """Of the day so far."""
    sell_quantity: int
    buy_quantity: int
    open_interest: int
    highest_open_interest: int
    lowest_open_interest: int
    day_open: float
    previous_close: float
    day_high: float
    day_low: float
    depth: tuple[DepthRow, ...] | None = None
    """None when nobody has recorded it: the exchange then makes one up around the price."""


class OpenInterest(msgspec.Struct, frozen=True, gc=False):
    """The open interest alone, as recordings hold it now and then."""

    time_ns: int
    open_interest: int


Event = Trade | OpenInterest


class Tape(Protocol):
    """The events of one instrument in one minute, in order."""

    @property
    def opens_ns(self) -> int:
        """The moment the minute opens."""
        ...

    @property
    def times(self) -> Sequence[int]:
        """The moment of each event, ascending."""
        ...

    @property
    def volume_before(self) -> int:
        """The day's volume before it."""
        ...

    def event(self, number: int) -> Event: ...


class Market(Protocol):
    """A market that knows all it will ever trade: what it streams and what it remembers are the same."""

    @property
    def listings(self) -> Sequence[Listing]:
        """Its instruments; everything else here names them by their place in this list."""
        ...

    def tape(self, index: int, time_ns: int) -> Tape | None:
        """The tape of the minute that holds a moment; None when nothing trades in it."""
        ...

    def tape_from(self, index: int, time_ns: int) -> Tape | None:
        """The tape of the first traded minute that opens at a moment or later; None when nothing will."""
        ...

    def last(self, index: int, time_ns: int) -> Trade | None:
        """The newest trade at or before a moment."""
        ...

    def minutes(self, index: int, start_ns: int, end_ns: int) -> list[Candle]:
        """The whole minutes that open in ``[start_ns, end_ns)`` and saw trades."""
        ...

    def days(self, index: int, start_ns: int, end_ns: int) -> list[Candle]:
        """The whole trading days of the dates that begin in ``[start_ns, end_ns)``; a bar's time is Indian midnight."""
        ...


class DayFigures(msgspec.Struct, frozen=True, gc=False):
    """How an instrument's day stood before a minute. Prices in ticks, turnover in ticks times units."""

    open: int
    high: int
    low: int
    previous_close: int
    volume: int = 0
    turnover: int = 0
    open_interest: int = 0
    highest_open_interest: int = 0
    lowest_open_interest: int = 0


class MinuteTape:
    """The trades that make one bar, generated from it: a path through its prices, its volume spread over them."""

    __slots__ = (
        "_figures",
        "_highs",
        "_listing",
        "_lows",
        "_prices",
        "_quantities",
        "_turnovers",
        "_volumes",
        "opens_ns",
        "times",
    )

    def __init__(
        self, listing: Listing, opens_ns: int, figures: DayFigures, bar: Bar, *, volume: int, trades: int, rng: Random
    ) -> None:
        prices = path(bar, trades, rng)
        quantities = _quantities(volume, listing.lot_size, len(prices), rng)
        self.opens_ns = opens_ns
        self.times = _times(opens_ns, len(prices), rng)
        self._listing = listing
        self._figures = figures
        self._prices = array("q", prices)
        self._quantities = array("q", quantities)
        self._volumes = array("q", list(accumulate(quantities, initial=figures.volume))[1:])
        turnovers = map(int.__mul__, prices, quantities)
        self._turnovers = array("q", list(accumulate(turnovers, initial=figures.turnover))[1:])
        self._highs = array("q", list(accumulate(prices, max, initial=figures.high))[1:])
        self._lows = array("q", list(accumulate(prices, min, initial=figures.low))[1:])

    @property
    def volume_before(self) -> int:
        return self._figures.volume

    def event(self, number: int) -> Trade:
        rupees = self._listing.rupees
        figures = self._figures
        price = self._prices[number]
        volume = self._volumes[number]
        noise = (self.times[number] // 1000 * 2_654_435_761) & 0xFFFF_FFFF
        return Trade(
            self.times[number],
            rupees(price),
            self._quantities[number],
            rupees(round(self._turnovers[number] / volume)) if volume else 0.0,
            volume,
            ((noise & 0xFFFF) + 1_000) * self._listing.lot_size,
            ((noise >> 16) + 1_000) * self._listing.lot_size,
            figures.open_interest,
            figures.highest_open_interest,
            figures.lowest_open_interest,
            rupees(figures.open),
            rupees(figures.previous_close),
            rupees(self._highs[number]),
            rupees(self._lows[number]),
        )


def _times(opens_ns: int, count: int, rng: Random) -> Sequence[int]:
    """Ascending moments, one in each of ``count`` equal parts of the minute."""
    step = MINUTE_NS // count
    return array("q", [opens_ns + place * step + int(step * rng.random()) for place in range(count)])


def _quantities(volume: int, lot_size: int, count: int, rng: Random) -> list[int]:
    """The volume over the trades, in whole lots but for a remainder that the last one takes."""
    if not volume:
        return [0] * count
    lots, rest = divmod(volume, lot_size)
    quantities = [lot_size * part for part in split(lots, [0.2 + rng.random() for _ in range(count)], minimum=1)]
    quantities[-1] += rest
    return quantities


def ladder(listing: Listing, trade: Trade) -> tuple[DepthRow, ...]:
    """Five levels of depth around a trade, the same whenever it is asked for."""
    centre = listing.ticks(trade.price)
    noise = (trade.time_ns // 1000 * 2_654_435_761 + trade.volume) & 0xFFFF_FFFF
    rows: list[DepthRow] = []
    for level in range(1, DEPTH_LEVELS + 1):
        noise = (noise * 1_664_525 + 1_013_904_223) & 0xFFFF_FFFF
        bids, asks = (noise >> 8 & 0xFF) + 1, (noise >> 16 & 0xFF) + 1
        bid, ask = listing.rupees(max(centre - level, 0)), listing.rupees(centre + level)
        rows.append(DepthRow(bids * listing.lot_size, asks * listing.lot_size, bids % 7 + 1, asks % 7 + 1, bid, ask))
    return tuple(rows)


def make_candle(
    listing: Listing, timeframe: str, time_ns: int, bar: Bar, *, volume: int, open_interest: int | None
) -> Candle:
    """A bar as history tells it; only derivatives have open interest."""
    return Candle(
        listing.instrument,
        timeframe,
        time_ns,
        listing.rupees(bar.open),
        listing.rupees(bar.high),
        listing.rupees(bar.low),
        listing.rupees(bar.close),
        volume,
        open_interest=open_interest if listing.expiry else None,
        state=CandleState.FINAL,
        source="simulator",
    )

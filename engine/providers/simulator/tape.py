"""What the exchange trades: single trades with the day's running figures, and the tape of one minute of them."""

from array import array
from collections.abc import Sequence
from itertools import accumulate, pairwise
from random import Random
from typing import Protocol

import msgspec

from engine.market.candle import Candle, CandleState
from engine.providers.dhan.codec import DEPTH_LEVELS, DepthRow
from engine.providers.simulator.division import Bar, path
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
        "_day_open",
        "_figures",
        "_highs",
        "_lot_size",
        "_lows",
        "_previous_close",
        "_prices",
        "_scale",
        "_turnovers",
        "_volumes",
        "opens_ns",
        "times",
    )

    def __init__(
        self,
        listing: Listing,
        opens_ns: int,
        figures: DayFigures,
        bar: Bar,
        *,
        volume: int,
        trades: int,
        rng: Random,
    ) -> None:
        prices = path(bar, trades, rng)
        volumes = _volumes(figures.volume, volume, listing.lot_size, len(prices), rng)
        turnovers = (price * (after - before) for price, (before, after) in zip(prices, pairwise(volumes), strict=True))
        self.opens_ns = opens_ns
        self.times = _times(opens_ns, len(prices), rng)
        self._figures = figures
        self._lot_size = listing.lot_size
        self._scale = listing.scale
        self._day_open = listing.rupees(figures.open)
        self._previous_close = listing.rupees(figures.previous_close)
        self._prices = array("q", prices)
        self._volumes = array("q", volumes)
        self._turnovers = array("q", list(accumulate(turnovers, initial=figures.turnover)))
        self._highs = array("q", list(accumulate(prices, max, initial=figures.high)))
        self._lows = array("q", list(accumulate(prices, min, initial=figures.low)))

    @property
    def volume_before(self) -> int:
        return self._figures.volume

    def event(self, number: int) -> Trade:
        multiplier, divisor = self._scale
        figures = self._figures
        time_ns = self.times[number]
        volume = self._volumes[number + 1]
        noise = (time_ns // 1000 * 2_654_435_761) & 0xFFFF_FFFF
        return Trade(
            time_ns,
            self._prices[number] * multiplier / divisor,
            volume - self._volumes[number],
            round(self._turnovers[number + 1] / volume) * multiplier / divisor if volume else 0.0,
            volume,
            ((noise & 0xFFFF) + 1_000) * self._lot_size,
            ((noise >> 16) + 1_000) * self._lot_size,
            figures.open_interest,
            figures.highest_open_interest,
            figures.lowest_open_interest,
            self._day_open,
            self._previous_close,
            self._highs[number + 1] * multiplier / divisor,
            self._lows[number + 1] * multiplier / divisor,
        )


def _times(opens_ns: int, count: int, rng: Random) -> Sequence[int]:
    """Ascending moments, one in each of ``count`` equal parts of the minute."""
    step = MINUTE_NS // count
    return array("q", [opens_ns + int(step * (place + rng.random())) for place in range(count)])


def _volumes(before: int, volume: int, lot_size: int, count: int, rng: Random) -> list[int]:
    """The day's volume before and after each trade, a lot at least in each; what is no whole lot comes with the last."""
    if not volume:
        return [before] * (count + 1)
    fewest = min(volume // lot_size // count, 1)
    share = (volume // lot_size - fewest * count) / count
    lots = [int(share * (place + rng.random())) + fewest * place for place in range(1, count)]
    return [before, *[before + lot_size * upto for upto in lots], before + volume]


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

"""What the exchange trades: events on the tape of a minute, and what every market has to know."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from engine.market.candle import Candle, CandleState
from engine.providers.dhan.codec import DEPTH_LEVELS, DepthRow
from engine.providers.simulator.division import Bar
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


def ladder(listing: Listing, trade: Trade, levels: int = DEPTH_LEVELS) -> tuple[DepthRow, ...]:
    """Levels of depth around a trade, the same whenever it is asked for; more begin with fewer."""
    centre = listing.ticks(trade.price)
    noise = (trade.time_ns // 1000 * 2_654_435_761 + trade.volume) & 0xFFFF_FFFF
    rows: list[DepthRow] = []
    for level in range(1, levels + 1):
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

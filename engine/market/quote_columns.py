"""Quote columns: what was last heard of each of some instruments, a column for each figure."""

from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from engine.market.carriage import POLLED
from engine.market.chain_snapshot import Leg
from engine.market.normal import Array
from engine.market.quote import Quote
from engine.market.tick import Tick

_MS: Final = 1_000_000


class Told(Protocol):
    """What a tick, an answer to a question for quotes and a provider's chain say alike. None: it did not say."""

    @property
    def price(self) -> float | None: ...
    @property
    def bid(self) -> float | None: ...
    @property
    def ask(self) -> float | None: ...
    @property
    def volume(self) -> int | None: ...
    @property
    def open_interest(self) -> int | None: ...
    @property
    def previous_close(self) -> float | None: ...


class Heard(NamedTuple):
    """What one instrument costs."""

    price: float
    heard_ns: int
    """When that was told, ns UTC."""


@dataclass(frozen=True, slots=True)
class QuoteColumns:
    """The newest figures of instruments, each at its place. NaN: not known; a bid or ask of 0: nobody quotes that side."""

    last: Array
    bid: Array
    ask: Array
    quoted_ns: NDArray[np.int64]
    """When bid and ask were last told, ns UTC; 0: never. Many feeds tell last prices alone."""
    previous_close: Array
    volume: Array
    interest: Array
    first_interest: Array
    """The first that was heard of the day."""
    previous_interest: Array
    """At the previous close."""
    heard_ns: NDArray[np.int64]
    """When something was last heard, ns UTC; 0: never."""
    polled: NDArray[np.bool_]
    """Whether that was asked for, rather than heard on a feed."""
    provider: NDArray[np.object_]
    """Whom it is from; empty: nothing was heard."""

    @classmethod
    def unknown(cls, count: int) -> Self:
        """Of instruments that nothing was heard of yet."""

        def figures() -> Array:
            return np.full(count, np.nan)

        return cls(
            last=figures(),
            bid=figures(),
            ask=figures(),
            quoted_ns=np.zeros(count, np.int64),
            previous_close=figures(),
            volume=figures(),
            interest=figures(),
            first_interest=figures(),
            previous_interest=figures(),
            heard_ns=np.zeros(count, np.int64),
            polled=np.zeros(count, np.bool_),
            provider=np.full(count, "", np.object_),
        )

    def believed(self, count: int, since_ns: int) -> Self:
        """The instruments at the first places, without a bid and ask that are of before then and older than the newest word.

        These two are copies; the other columns go on to change with these.
        """
        first = {name: getattr(self, name)[:count] for name in self.__slots__}
        is_over = first["quoted_ns"] < np.minimum(first["heard_ns"], since_ns)
        sides = {side: np.where(is_over, np.nan, first[side]) for side in ("bid", "ask")}
        return type(self)(**(first | sides))

    def take(self, place: int, told: Told, heard_ns: int, provider: str, *, polled: bool) -> None:
        """Something newer; what it does not say stays as it is."""
        if not self.take_sides(place, told, heard_ns):
            self._trade_through(place, told.price)
        if told.price:
            self.last[place] = told.price
        if told.volume is not None:
            self.volume[place] = told.volume
        if told.open_interest is not None:
            self.interest[place] = told.open_interest
            if np.isnan(self.first_interest[place]):
                self.first_interest[place] = told.open_interest
        self.take_previous(place, told.previous_close, None)
        self.heard_ns[place], self.polled[place], self.provider[place] = heard_ns, polled, provider

    def take_sides(self, place: int, told: Told, quoted_ns: int) -> bool:
        """Its bid and ask; whether it tells them. One side alone: on the other nobody quotes."""
        is_told = told.bid is not None or told.ask is not None
        if is_told:
            self.bid[place], self.ask[place], self.quoted_ns[place] = told.bid or 0.0, told.ask or 0.0, quoted_ns
        return is_told

    def _trade_through(self, place: int, price: float | None) -> None:
        """A new price beyond what was quoted shows that nobody quotes that any more."""
        bid = self.bid[place]
        if price and price != self.last[place] and bid > 0.0 and not bid <= price <= self.ask[place]:
            self.bid[place] = self.ask[place] = np.nan

    def take_previous(self, place: int, close: float | None, interest: int | None) -> None:
        """What the exchange said at the previous close."""
        if close:
            self.previous_close[place] = close
        if interest is not None:
            self.previous_interest[place] = interest

    def resume(self, place: int, leg: Leg, as_of_ns: int, provider: str) -> None:
        """What an earlier snapshot said of an option."""
        if leg.quote_age_ms is None:
            return
        quote = Quote(leg.ltp or 0.0, None, leg.volume, leg.oi, previous_close=leg.previous_close)
        self.take(place, quote, as_of_ns - leg.quote_age_ms * _MS, provider, polled=leg.polled)
        if leg.bid_ask_age_ms is not None:
            self.bid[place], self.ask[place] = leg.bid or 0.0, leg.ask or 0.0
            self.quoted_ns[place] = as_of_ns - leg.bid_ask_age_ms * _MS
        if leg.oi is not None and leg.oi_change_open is not None:
            self.first_interest[place] = leg.oi - leg.oi_change_open
        if leg.oi is not None and leg.oi_change is not None:
            self.previous_interest[place] = leg.oi - leg.oi_change

    def begin_day(self) -> None:
        """Another trading day: what open interest was becomes what it changes from, and nothing was traded yet."""
        known = ~np.isnan(self.interest)
        self.previous_interest[known] = self.interest[known]
        for column in (self.first_interest, self.volume, self.previous_close):
            column[:] = np.nan

    def open_day(self) -> None:
        """The exchange has opened: what was answered in the morning before was how the day before had ended."""
        for column in (self.first_interest, self.volume):
            column[:] = np.nan

    def polled_tick(self, place: int, instrument: str, asked_ns: int) -> Tick | None:
        """What was answered then, without volume: whose total it would be is not sure. None where no price was."""
        if not (self.polled[place] and self.heard_ns[place] == asked_ns and self.last[place] > 0.0):
            return None
        price, bid, ask, close = (
            float(column[place]) for column in (self.last, self.bid, self.ask, self.previous_close)
        )
        interest = self.interest[place]
        return Tick(
            instrument,
            price,
            0,
            None,
            asked_ns,
            asked_ns,
            f"{self.provider[place]}{POLLED}",
            open_interest=None if np.isnan(interest) else int(interest),
            bid=bid if bid > 0.0 else None,
            ask=ask if ask > 0.0 else None,
            previous_close=close if close > 0.0 else None,
        )

    def price(self, place: int) -> Heard | None:
        """The last price of an instrument."""
        last = float(self.last[place])
        return Heard(last, int(self.heard_ns[place])) if last > 0.0 else None

    def middle(self, place: int, since_ns: int) -> Heard | None:
        """Between bid and ask, else the last price; None where nothing was heard since."""
        if self.heard_ns[place] < since_ns:
            return None
        bid, ask = float(self.bid[place]), float(self.ask[place])
        quoted_ns = int(self.quoted_ns[place])
        return Heard(0.5 * (bid + ask), quoted_ns) if quoted_ns >= since_ns and 0.0 < bid <= ask else self.price(place)

    def is_fed(self, place: int, since_ns: int) -> bool:
        """Whether a feed brought something since then: it knows better than who was asked."""
        return bool(self.heard_ns[place] >= since_ns and self.provider[place] and not self.polled[place])

    def are_quoted_on_feeds(self, count: int, since_ns: int) -> bool:
        """Whether feeds bring bids or asks of most instruments at the first places that they bring; true where of none."""
        fed = (self.heard_ns[:count] >= since_ns) & ~self.polled[:count]
        quoted = fed & (self.quoted_ns[:count] == self.heard_ns[:count])
        return bool(2 * quoted.sum() >= fed.sum())

    def is_quoted_on_feed(self, place: int) -> bool:
        """Of one that is fed: whether the feed's newest word had a bid or an ask."""
        return bool(self.quoted_ns[place] == self.heard_ns[place])

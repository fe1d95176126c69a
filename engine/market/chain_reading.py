"""The chain reading: one chain at one instant, as the arithmetic takes it."""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.market.chain_legs import ChainLegs
from engine.market.chain_snapshot import ForwardSource
from engine.market.forward import Forward, parity_forward
from engine.market.greeks import PERCENT, Terms
from engine.market.leg_quality import Flags, Priced, priced
from engine.market.normal import Array
from engine.market.quote_columns import Heard, QuoteColumns
from engine.market.time_to_expiry import years_between


@dataclass(frozen=True)
class ChainReading:
    """What is known of a chain, and what follows without its volatilities. Times are ns UTC."""

    underlying: str
    expiry: date
    expires_ns: int
    as_of_ns: int
    priced_ns: int
    """The instant that the newest prices are of."""
    is_trading: bool
    """Whether the exchange is open."""
    stale_before_ns: int
    """Quotes heard earlier are old."""
    rate: float
    """Per cent a year, continuously compounded."""
    legs: ChainLegs
    quotes: QuoteColumns
    """Of the legs; bid and ask where they still hold."""
    spot: Heard | None
    future: str | None
    future_price: Heard | None
    delivery: Heard | None
    """What the future of the very same expiry costs, or the one that options are exercised into; where that was heard lately."""
    vix: Heard | None
    has_vix: bool
    """Its exchange publishes a volatility index."""
    day: date
    """The one that volumes are of, and the first open interest."""
    previous_day: date | None
    """The trading day before."""

    @cached_property
    def years(self) -> float:
        """Until expiry."""
        return years_between(self.priced_ns, self.expires_ns)

    @cached_property
    def prices(self) -> Priced:
        """What the legs are judged by."""
        return priced(self.quotes)

    @cached_property
    def stale(self) -> Flags:
        """Which legs were not heard lately."""
        return self.quotes.heard_ns < self.stale_before_ns

    @cached_property
    def current(self) -> Flags:
        """Which legs have a price that is surely of now: what is quoted, or a trade beyond what just was."""
        quotes = self.quotes
        beyond = np.isnan(quotes.bid) & (quotes.quoted_ns >= self.stale_before_ns)
        return (self.prices.by_mid | beyond) & ~self.stale

    @cached_property
    def forward(self) -> Forward | None:
        """The underlying's price for delivery at expiry, and where it is from."""
        return next((found for found in self._forwards() if found is not None and found.price > 0.0), None)

    def _forwards(self) -> Iterator[Forward | None]:
        """The best first, and what is old after all that is fresh; a spot that is old only once nothing is traded any more."""
        price = self.prices.price
        yield self.delivery and Forward(self.delivery.price, ForwardSource.FUTURE, self.delivery.heard_ns)
        yield self._parity(np.where(self.current, price, np.nan), ForwardSource.PARITY)
        yield self._parity(np.where(self.stale, np.nan, price), ForwardSource.PARITY)
        yield self._carried(self.stale_before_ns)
        yield self._parity(price, ForwardSource.OLD_PARITY)
        yield self._carried(self.stale_before_ns if self.is_trading else 0)

    def _parity(self, price: Array, source: ForwardSource) -> Forward | None:
        """From the prices of some legs."""
        count = len(self.legs.strikes)
        found = parity_forward(self.legs.strikes, price[:count], price[count:], self._growth)
        return None if found is None else Forward(found.price, source, self._oldest_ns(found.rows))

    def _oldest_ns(self, rows: NDArray[np.intp]) -> int:
        """When the price that was told first of those of these strikes was told."""
        places = np.concatenate((rows, rows + len(self.legs.strikes)))
        quoted_ns, heard_ns = self.quotes.quoted_ns[places], self.quotes.heard_ns[places]
        return min(np.where(self.prices.by_mid[places], quoted_ns, heard_ns).tolist())

    def _carried(self, since_ns: int) -> Forward | None:
        """From a spot that was told since then."""
        if self.spot is None or self.spot.heard_ns < since_ns:
            return None
        return Forward(self.spot.price * self._growth, ForwardSource.SPOT, self.spot.heard_ns)

    @property
    def _growth(self) -> float:
        """What one unit of currency becomes until expiry."""
        return math.exp(self.rate / PERCENT * self.years)

    @cached_property
    def atm(self) -> int | None:
        """The row of the strike nearest to the forward."""
        return None if self.forward is None else self.legs.nearest(self.forward.price)

    @cached_property
    def terms(self) -> Terms:
        """Of all legs."""
        count = len(self.legs)
        return Terms(
            forward=np.full(count, self.forward.price if self.forward else math.nan),
            strike=self.legs.strike,
            years=np.full(count, self.years),
            rate=np.full(count, self.rate),
            is_call=self.legs.is_call,
        )

    @cached_property
    def chief_provider(self) -> str:
        """Who brought most of the quotes; empty while nothing was heard."""
        heard = Counter(provider for provider in self.quotes.provider if provider)
        return heard.most_common(1)[0][0] if heard else ""

"""The chain reading: one chain at one instant, as the arithmetic takes it."""

import math
from collections import Counter
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np

from engine.market.chain_legs import ChainLegs
from engine.market.forward import Forward, forward_of, parity_forward
from engine.market.greeks import PERCENT, Terms
from engine.market.leg_quality import Flags, Priced, priced
from engine.market.quote_columns import QuoteColumns
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
    stale_before_ns: int
    """Quotes heard earlier are old."""
    rate: float
    """Per cent a year, continuously compounded."""
    legs: ChainLegs
    quotes: QuoteColumns
    """Of the legs; bid and ask where they still hold."""
    spot: float | None
    future: str | None
    future_price: float | None
    delivery: float | None
    """What the future of the very same expiry costs, or the one that options are exercised into; where that was heard lately."""
    vix: float | None
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
    def forward(self) -> Forward | None:
        """The underlying's price for delivery at expiry, and where it is from."""
        growth = math.exp(self.rate / PERCENT * self.years)
        return forward_of(future=self.delivery, parity=self._parity(growth), spot=self.spot, growth=growth)

    def _parity(self, growth: float) -> float | None:
        """From what is quoted now, else from all prices."""
        price, by_mid = self.prices
        quoted = np.where(by_mid & ~self.stale, price, np.nan)
        strikes, count = self.legs.strikes, len(self.legs.strikes)
        found = (parity_forward(strikes, known[:count], known[count:], growth) for known in (quoted, price))
        return next((forward for forward in found if forward is not None), None)

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

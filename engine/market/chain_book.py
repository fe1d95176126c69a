"""The chain book: what was heard of an option chain's legs and of what they depend on."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from engine.market.calendar import Calendar
from engine.market.carriage import POLLED
from engine.market.chain_legs import ChainLegs
from engine.market.chain_reading import ChainReading
from engine.market.chain_snapshot import ChainSnapshot
from engine.market.chain_telling import tell
from engine.market.chain_valuation import value
from engine.market.derivatives import is_on_future
from engine.market.instrument import Instrument, InstrumentKind, OptionType
from engine.market.option_chain import OptionChain
from engine.market.quote import Quote
from engine.market.quote_columns import Heard, QuoteColumns, Told
from engine.market.tick import Tick
from engine.market.time_to_expiry import expires_ns, priced_ns, trading_day_before

STALE_AFTER_S: Final = 60.0
_MS: Final = 1_000_000
_SECOND_NS: Final = 1_000_000_000


class ChainBook:
    """One underlying's options that expire on one day. Pure: ticks and quotes go in, a snapshot comes out when asked for.

    ``contracts`` are options and futures on the underlying; those that do not matter to this expiry are passed over.
    ``calendar`` is that of the options' exchange, ``rate`` interest in per cent a year, continuously compounded.
    """

    def __init__(
        self,
        underlying: str,
        expiry: date,
        contracts: Iterable[Instrument],
        calendar: Calendar,
        *,
        rate: float,
        vix: str | None = None,
        stale_after_s: float = STALE_AFTER_S,
    ) -> None:
        self.underlying = underlying
        self.expiry = expiry
        self.vix = vix
        self._calendar = calendar
        self._rate = rate
        self._stale_after_ns = int(stale_after_s * _SECOND_NS)
        self._expires_ns = expires_ns(calendar, expiry)
        listed = list(contracts)
        self._legs = ChainLegs(listed, expiry)
        self._future = _future(listed, expiry)
        beside = [name for name in (underlying, self.future, vix) if name is not None]
        self._places = {name: place for place, name in enumerate(beside, len(self._legs))} | self._legs.places
        self._quotes = QuoteColumns.unknown(len(self._legs) + len(beside))
        self._day = date.min
        self._previous_day: date | None = None
        self._has_opened = False

    @property
    def future(self) -> str | None:
        """Canonical name of the future that expires first on or after the chain's expiry."""
        return None if self._future is None else self._future.canonical

    @property
    def instruments(self) -> frozenset[str]:
        """All whose ticks matter: the options, the underlying, the future and the volatility index."""
        return frozenset(self._places)

    @property
    def legs(self) -> frozenset[str]:
        """The options."""
        return frozenset(self._legs.places)

    @property
    def is_heard(self) -> bool:
        """Whether anything was heard of the options or of what they are on; the volatility index alone is no chain."""
        last = None if self.vix is None else -1
        return bool(self._quotes.heard_ns[:last].any())

    def asked(self, now_ns: int) -> frozenset[str]:
        """The options whose quote was asked for, and is not old; what feeds brought is not among them."""
        since_ns = priced_ns(self._calendar, now_ns) - self._stale_after_ns
        found = self._quotes.polled & (self._quotes.heard_ns >= since_ns)
        return frozenset(name for name, place in self._legs.places.items() if found[place])

    def is_quoted(self, now_ns: int) -> bool:
        """Whether feeds bring bids and asks of the options that they bring, and not last prices alone."""
        since_ns = priced_ns(self._calendar, now_ns) - self._stale_after_ns
        return self._quotes.are_quoted_on_feeds(len(self._legs.places), since_ns)

    def around(self, width: int) -> list[str]:
        """The options of ``width`` strikes on either side of the money; none while the underlying's price is unknown."""
        heard = self._price(self.underlying) or self._price(self.future)
        return [] if heard is None else self._legs.around(heard.price, width)

    def take(self, tick: Tick) -> bool:
        """Something came on a feed; whether it matters here."""
        place = self._places.get(tick.instrument)
        if place is None:
            return False
        self._turn_day(tick.ts_recv)
        provider = tick.provider.removesuffix(POLLED)  # while a feed fails, prices of all are asked for
        self._quotes.take(place, tick, tick.ts_recv, provider, polled=provider != tick.provider)
        return True

    def take_quotes(self, quotes: Mapping[str, Quote], now_ns: int, provider: str, unfed: Collection[str] = ()) -> None:
        """What a provider answered when asked for quotes, by canonical name; ``unfed`` are those that no feed brings now."""
        let_go = self._places_of(unfed)
        for name, quote in quotes.items():
            self._take_polled(self._places.get(name), quote, now_ns, provider, let_go)

    def take_polled(self, chain: OptionChain, now_ns: int, unfed: Collection[str] = ()) -> None:
        """What a provider answered when asked for the chain; ``unfed`` are those that no feed brings now."""
        let_go = self._places_of(unfed)
        if chain.price is not None:
            self._take_polled(self._places[self.underlying], Quote(chain.price), now_ns, chain.provider, let_go)
        for strike in chain.strikes:
            for option_type, leg in ((OptionType.CALL, strike.call), (OptionType.PUT, strike.put)):
                place = self._legs.place(strike.price, option_type)
                if leg is not None and place is not None:
                    self._take_polled(place, leg, now_ns, chain.provider, let_go)
                    self._quotes.take_previous(place, leg.previous_close, leg.previous_open_interest)

    def polled_ticks(self, unfed: Collection[str], asked_ns: int) -> list[Tick]:
        """What was answered then of those of these options that no feed brings."""
        places = self._legs.places
        ticks = [self._quotes.polled_tick(places[name], name, asked_ns) for name in unfed if name in places]
        return [tick for tick in ticks if tick is not None]

    def _places_of(self, names: Collection[str]) -> frozenset[int]:
        return frozenset(self._places[name] for name in names if name in self._places)

    def _take_polled(
        self, place: int | None, told: Told, now_ns: int, provider: str, let_go: Collection[int] = ()
    ) -> None:
        """A feed's word goes before it while that is young; but where the feed has let go, nothing more will come.

        Bid and ask are taken of it also where the feed tells last prices alone.
        """
        self._turn_day(now_ns)
        if place is None:
            return
        if place in let_go or not self._quotes.is_fed(place, now_ns - self._stale_after_ns):
            self._quotes.take(place, told, now_ns, provider, polled=True)
        elif not self._quotes.is_quoted_on_feed(place):
            self._quotes.take_sides(place, told, now_ns)

    def baselines(self, previous: Mapping[str, int], first: Mapping[str, int]) -> None:
        """Open interest by canonical name: at the previous close, and as first heard today."""
        for told, column in ((previous, self._quotes.previous_interest), (first, self._quotes.first_interest)):
            for name in told.keys() & self._places.keys():
                column[self._places[name]] = told[name]

    def resume(self, snapshot: ChainSnapshot, now_ns: int) -> None:
        """Goes on now from where another book of this chain was, as when the engine was started anew."""
        as_of_ns = snapshot.as_of * _MS
        self._turn_day(as_of_ns)
        beside = (
            (self.underlying, snapshot.spot, snapshot.spot_age_ms),
            (self.future if snapshot.future == self.future else None, snapshot.future_price, snapshot.future_age_ms),
            (self.vix, snapshot.vix, snapshot.vix_age_ms),
        )
        for name, price, age_ms in beside:
            if name is not None and price is not None:
                heard_ns = as_of_ns - (age_ms or 0) * _MS
                self._quotes.take(self._places[name], Quote(price), heard_ns, snapshot.provider, polled=True)
        for leg in (leg for strike in snapshot.strikes for leg in (strike.ce, strike.pe) if leg is not None):
            place = self._legs.places.get(leg.instrument)
            if place is not None:
                self._quotes.resume(place, leg, as_of_ns, snapshot.provider)
        self._turn_day(now_ns)

    def read(self, now_ns: int) -> ChainReading:
        """All that is known at that time, as the arithmetic takes it."""
        self._turn_day(now_ns)
        priced = priced_ns(self._calendar, now_ns)
        stale_before_ns = priced - self._stale_after_ns
        return ChainReading(
            underlying=self.underlying,
            expiry=self.expiry,
            expires_ns=self._expires_ns,
            as_of_ns=now_ns,
            priced_ns=priced,
            is_trading=self._calendar.is_open(now_ns),
            stale_before_ns=stale_before_ns,
            rate=self._rate,
            legs=self._legs,
            quotes=self._quotes.believed(len(self._legs), stale_before_ns),
            spot=self._price(self.underlying),
            future=self.future,
            future_price=self._price(self.future),
            delivery=self._delivery(stale_before_ns),
            vix=self._price(self.vix),
            has_vix=self.vix is not None,
            day=self._day,
            previous_day=self._previous_day,
        )

    def snapshot(self, now_ns: int) -> ChainSnapshot:
        """The chain at that time."""
        return snapshots([self], now_ns)[0]

    def _turn_day(self, ns: int) -> None:
        day = self._calendar.session_date(ns)
        hours = self._calendar.day(day)
        has_opened = hours is not None and hours.attended_ns <= ns
        if self._day == date.min:
            self._begin_day(day if hours is not None else trading_day_before(self._calendar, day) or day)
            self._has_opened = has_opened or hours is None
        elif day > self._day and hours is not None:  # on a holiday the day before goes on: nothing is traded
            self._quotes.begin_day()
            self._begin_day(day)
        if has_opened and not self._has_opened and day == self._day:
            self._quotes.open_day()
            self._has_opened = True

    def _begin_day(self, day: date) -> None:
        self._day, self._previous_day, self._has_opened = day, trading_day_before(self._calendar, day), False

    def _price(self, name: str | None) -> Heard | None:
        return None if name is None else self._quotes.price(self._places[name])

    def _delivery(self, since_ns: int) -> Heard | None:
        """What the future of the very same expiry costs, or the one that options are exercised into; where it was heard since."""
        if self._future is None or (self._future.expiry != self.expiry and not is_on_future(self.underlying)):
            return None
        return self._quotes.middle(self._places[self._future.canonical], since_ns)


def snapshots(books: Sequence[ChainBook], now_ns: int) -> list[ChainSnapshot]:
    """Many chains at one instant, all of their options reckoned together."""
    readings = [book.read(now_ns) for book in books]
    return [tell(reading, valued) for reading, valued in zip(readings, value(readings), strict=True)]


def _future(contracts: Iterable[Instrument], expiry: date) -> Instrument | None:
    futures = (
        (contract.expiry, contract)
        for contract in contracts
        if contract.kind is InstrumentKind.FUTURE and contract.expiry is not None and contract.expiry >= expiry
    )
    return min(futures, key=lambda future: future[0], default=(None, None))[1]

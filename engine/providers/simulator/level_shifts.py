"""Changes of level: from a moment on everything trades at so many times its price, in the feed and in history alike."""

from collections.abc import Sequence

import msgspec

from engine.market.candle import Candle
from engine.providers.simulator.history import aggregate, merge
from engine.providers.simulator.hours import DAY_NS, INDIA_NS, MINUTE_NS
from engine.providers.simulator.instruments import Listing
from engine.providers.simulator.tape import Event, Market, Tape, Trade


class ShiftedMarket:
    """A market and the changes of its level so far; without any it is the market itself."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._shifts: list[tuple[int, float]] = []

    def shift(self, at_ns: int, factor: float) -> None:
        """From a moment on all prices are so many times what they would have been."""
        self._shifts.append((at_ns, factor))

    @property
    def listings(self) -> Sequence[Listing]:
        return self._market.listings

    def tape(self, index: int, time_ns: int) -> Tape | None:
        return self._shown(index, self._market.tape(index, time_ns))

    def tape_from(self, index: int, time_ns: int) -> Tape | None:
        return self._shown(index, self._market.tape_from(index, time_ns))

    def last(self, index: int, time_ns: int) -> Trade | None:
        trade = self._market.last(index, time_ns)
        return None if trade is None else self._shifted(index, trade)

    def minutes(self, index: int, start_ns: int, end_ns: int) -> list[Candle]:
        candles = self._market.minutes(index, start_ns, end_ns)
        return [self._minute(index, candle) for candle in candles] if self._shifts else candles

    def days(self, index: int, start_ns: int, end_ns: int) -> list[Candle]:
        days = self._market.days(index, start_ns, end_ns)
        return [self._day(index, day) for day in days] if self._shifts else days

    def event(self, index: int, event: Event) -> Event:
        """What is told of an event of the market itself."""
        return self._shifted(index, event) if self._shifts and isinstance(event, Trade) else event

    def _shown(self, index: int, tape: Tape | None) -> Tape | None:
        return _ShiftedTape(self, index, tape) if tape is not None and self._shifts else tape

    def _factor(self, time_ns: int) -> float:
        factor = 1.0
        for at_ns, more in self._shifts:
            factor *= more if at_ns <= time_ns else 1.0
        return factor

    def _shifted(self, index: int, trade: Trade) -> Trade:
        """The day's range holds both levels; its other figures are left as they were."""
        factor = self._factor(trade.time_ns)
        if factor == 1.0:
            return trade
        listing = self.listings[index]
        high, low = _scaled(listing, trade.day_high, factor), _scaled(listing, trade.day_low, factor)
        return msgspec.structs.replace(
            trade,
            price=_scaled(listing, trade.price, factor),
            day_high=max(trade.day_high, high),
            day_low=min(trade.day_low, low),
            depth=None,
        )

    def _minute(self, index: int, candle: Candle) -> Candle:
        factor = self._factor(candle.time)
        if factor == self._factor(candle.time + MINUTE_NS - 1):
            return candle if factor == 1.0 else self._times(index, candle, factor)
        tape = self.tape(index, candle.time)
        made = None if tape is None else aggregate(self.listings[index], tape, upto_ns=candle.time + MINUTE_NS)
        return candle if made is None else made

    def _times(self, index: int, candle: Candle, factor: float) -> Candle:
        listing = self.listings[index]
        prices = {name: _scaled(listing, getattr(candle, name), factor) for name in ("open", "high", "low", "close")}
        return msgspec.structs.replace(candle, **prices)

    def _day(self, index: int, day: Candle) -> Candle:
        if self._factor(day.time + DAY_NS - 1) == 1.0:
            return day
        [merged] = merge(self.minutes(index, day.time, day.time + DAY_NS), "1d", DAY_NS, origin_ns=-INDIA_NS)
        return merged


class _ShiftedTape:
    """A minute's events as the shifted market tells them."""

    def __init__(self, market: ShiftedMarket, index: int, tape: Tape) -> None:
        self._market = market
        self._index = index
        self._tape = tape

    @property
    def opens_ns(self) -> int:
        return self._tape.opens_ns

    @property
    def times(self) -> Sequence[int]:
        return self._tape.times

    @property
    def volume_before(self) -> int:
        return self._tape.volume_before

    def event(self, number: int) -> Event:
        return self._market.event(self._index, self._tape.event(number))


def _scaled(listing: Listing, price: float, factor: float) -> float:
    """On the instrument's grid, and never below its first step."""
    return listing.rupees(max(1, listing.ticks(price * factor)))

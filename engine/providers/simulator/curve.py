"""Where synthetic prices go: a bar for each day of each instrument, cut into hours, and those into minutes.

Everything follows from the seed, the instrument and the day, so any minute of any year can be asked for at any time.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

import msgspec

from engine.providers.simulator.chance import drift, generator, unit
from engine.providers.simulator.division import Bar, divide
from engine.providers.simulator.hours import Hours, TradingDay
from engine.providers.simulator.instruments import Listing
from engine.providers.simulator.pricing import Rule, derive, rule

BLOCK_MINUTES: Final = 60
_WANDER: Final = {"index": 0.008}
"""How far closes stray from an instrument's price, as a share of it."""
_USUAL_WANDER: Final = 0.03
_EPOCH: Final = date(1970, 1, 1)


class DayBars(msgspec.Struct, frozen=True):
    """A day's bar in consecutive blocks of up to an hour, and the close of the day before."""

    previous_close: int
    blocks: tuple[Bar, ...]


class Curve:
    """The bars of all instruments; a derivative's follow its underlying's by a rule for the day."""

    def __init__(self, listings: Sequence[Listing], *, seed: int, hours: Hours, presence: float) -> None:
        self._listings = listings
        self._seed = seed
        self._hours = hours
        self._presence = presence
        """The share of minutes that see trades."""
        places = {listing.instrument: index for index, listing in enumerate(listings)}
        self._bases = [places.get(listing.underlying or "", index) for index, listing in enumerate(listings)]
        self.day = lru_cache(maxsize=2 * len(listings) + 64)(self._day)
        self.minutes = lru_cache(maxsize=512)(self._minutes)

    def _day(self, index: int, day: TradingDay) -> DayBars:
        """The day's blocks."""
        base = self._bases[index]
        if base == index:
            return self._own_day(index, day)
        underlying = self.day(base, day)
        before = self._rule(index, self._date_before(day))
        apply, falling = self._rule(index, day.date), self._falls(index)
        blocks = tuple(derive(block, apply, falling=falling) for block in underlying.blocks)
        return DayBars(before(underlying.previous_close), blocks)

    def _own_day(self, index: int, day: TradingDay) -> DayBars:
        rng = generator(self._seed, self._listings[index].seed, day.number)
        previous = self._close(index, self._date_before(day))
        close = self._close(index, day.date)
        opening = max(1, round(previous * (1 + 0.004 * (rng.random() - 0.5))))
        high = round(max(opening, close) * (1.002 + 0.010 * rng.random()))
        low = max(1, round(min(opening, close) * (0.998 - 0.010 * rng.random())))
        count = -(-day.minutes // BLOCK_MINUTES)
        return DayBars(previous, tuple(divide(Bar(opening, high, low, close), count, rng)))

    def _date_before(self, day: TradingDay) -> date:
        before = self._hours.day_before(day)
        return day.date - timedelta(days=1) if before is None else before.date

    def _close(self, index: int, on: date) -> int:
        """The close of a date: slow and quick swings about the instrument's price."""
        listing = self._listings[index]
        number = (on - _EPOCH).days
        swing = (
            0.6 * drift(number / 20, self._seed, listing.seed, 20)
            + 0.3 * drift(number / 5, self._seed, listing.seed, 5)
            + 0.1 * drift(number, self._seed, listing.seed, 1)
        )
        return listing.ticks(listing.price * (1 + _WANDER.get(listing.kind, _USUAL_WANDER) * swing))

    def _minutes(self, index: int, day: TradingDay, block: int) -> tuple[Bar | None, ...]:
        """The bars of a block's minutes; None for those without trades."""
        base = self._bases[index]
        if base == index:
            return self._own_minutes(index, day, block)
        apply, falling = self._rule(index, day.date), self._falls(index)
        return tuple(bar and derive(bar, apply, falling=falling) for bar in self.minutes(base, day, block))

    def _own_minutes(self, index: int, day: TradingDay, block: int) -> tuple[Bar | None, ...]:
        length = min(BLOCK_MINUTES, day.minutes - block * BLOCK_MINUTES)
        rng = generator(self._seed, self._listings[index].seed, day.number, block)
        present = [minute == 0 or rng.random() < self._presence for minute in range(length)]
        bars = iter(divide(self.day(index, day).blocks[block], sum(present), rng))
        return tuple(next(bars) if traded else None for traded in present)

    def _rule(self, index: int, on: date) -> Rule:
        return rule(self._listings[index], self._listings[self._bases[index]], on)

    def _falls(self, index: int) -> bool:
        return self._listings[index].option_type == "PE"

    def activity(self, index: int, on: date) -> float:
        """How busy a day is, from 0.7 to 1.3."""
        number = (on - _EPOCH).days
        return 0.7 + 0.6 * unit(self._seed, self._listings[index].seed, number)

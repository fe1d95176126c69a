"""The tape of a minute made from its bar: as many trades as wanted that add up to it."""

from array import array
from collections.abc import Sequence
from itertools import accumulate, pairwise
from random import Random

import msgspec

from engine.providers.simulator.division import Bar, path
from engine.providers.simulator.hours import MINUTE_NS
from engine.providers.simulator.instruments import Listing
from engine.providers.simulator.tape import Trade


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

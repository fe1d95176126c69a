"""Dividing a bar: into smaller bars, into a path of prices, and its volume along with them.

Prices are whole numbers of ticks. Whatever comes out adds up to the bar that went in, exactly: the first price is its
open, the last its close, the extremes its high and low, and nothing lies outside.
"""

from collections.abc import Sequence
from itertools import pairwise
from random import Random
from typing import NamedTuple


class Bar(NamedTuple):
    """Open, high, low and close in ticks."""

    open: int
    high: int
    low: int
    close: int


def points_needed(bar: Bar) -> int:
    """The fewest prices a path needs to touch all four prices of the bar."""
    ends = (bar.open, bar.close)
    if bar.low == bar.high:
        return 1
    return 2 + (bar.high not in ends) + (bar.low not in ends)


def path(bar: Bar, points: int, rng: Random) -> list[int]:
    """``points`` prices that make the bar; at least ``points_needed``, whatever was asked for."""
    points = max(points, points_needed(bar))
    if points == 1:
        return [bar.close]
    prices = [bar.open]
    sway = (bar.high - bar.low) * 0.5
    for (start, first), (end, last) in pairwise(_marks(bar, points, rng)):
        slope = (last - first) / (end - start)
        lowest = first - sway / 2 + 0.5
        between = [int(lowest + slope * step + sway * rng.random()) for step in range(1, end - start)]
        prices += [bar.low if price < bar.low else min(price, bar.high) for price in between]
        prices.append(last)
    return prices


def _marks(bar: Bar, points: int, rng: Random) -> list[tuple[int, int]]:
    """Where the path must be at which price: its ends, and the extremes between them in the order a day tells them.

    A rising bar visits its low before its high, a falling one its high first.
    """
    ends = (bar.open, bar.close)
    order = (bar.low, bar.high) if bar.close >= bar.open else (bar.high, bar.low)
    extremes = [price for price in order if price not in ends]
    places = sorted(rng.sample(range(1, points - 1), len(extremes))) if extremes else []
    return [(0, bar.open), *zip(places, extremes, strict=True), (points - 1, bar.close)]


def divide(bar: Bar, parts: int, rng: Random) -> list[Bar]:
    """Consecutive bars, each opening where the one before closed, that make the bar together."""
    closes = _walk(bar, parts, rng)
    reach = (bar.high - bar.low) / (2 * parts**0.5)
    children: list[Bar] = []
    opening = bar.open
    for close in closes:
        high = max(opening, close) + int(reach * rng.random())
        low = min(opening, close) - int(reach * rng.random())
        children.append(Bar(opening, min(high, bar.high), max(low, bar.low), close))
        opening = close
    _place_extremes(bar, children)
    return children


def _walk(bar: Bar, parts: int, rng: Random) -> list[int]:
    """The closes of the parts: a random walk from the bar's open to its close, kept inside."""
    closes: list[int] = []
    price: float = bar.open
    sway = (bar.high - bar.low) / parts**0.5
    for left in range(parts, 1, -1):
        price += (bar.close - price) / left + sway * (rng.random() - 0.5)
        price = min(max(price, bar.low), bar.high)
        closes.append(round(price))
    return [*closes, bar.close]


def _place_extremes(bar: Bar, children: list[Bar]) -> None:
    """Let the part that came nearest to the bar's high reach it, and likewise for its low."""
    top = max(range(len(children)), key=lambda index: children[index].high)
    children[top] = children[top]._replace(high=bar.high)
    bottom = min(range(len(children)), key=lambda index: children[index].low)
    children[bottom] = children[bottom]._replace(low=bar.low)


def split(total: int, weights: Sequence[float], minimum: int = 0) -> list[int]:
    """The total in parts by weight, each at least ``minimum`` where the total allows it; the parts add up to it."""
    minimum = min(minimum, total // len(weights))
    free = total - minimum * len(weights)
    scale = free / sum(weights)
    parts: list[int] = []
    given = 0
    reached = 0.0
    for weight in weights:
        reached += weight
        upto = min(round(reached * scale), free)
        parts.append(minimum + upto - given)
        given = upto
    parts[-1] += free - given
    return parts

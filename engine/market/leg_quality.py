"""Which price of an option to believe, and how far."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.market.chain_snapshot import Quality
from engine.market.normal import Array
from engine.market.quote_columns import QuoteColumns

_WIDE: Final = 0.2
"""A spread of more than this share of its middle says little about where in it the price is."""
QUALITIES: Final = tuple(Quality)
"""By the numbers that ``qualities`` answers."""

Flags = NDArray[np.bool_]


class Priced(NamedTuple):
    """The prices that options are judged by."""

    price: Array
    """NaN where there is none."""
    by_mid: Flags
    """From both quotes, rather than the last trade."""


def priced(quotes: QuoteColumns) -> Priced:
    """The middle of bid and ask; the last trade where one is missing, they are crossed, or far apart and it lies between."""
    last, bid, ask = quotes.last, quotes.bid, quotes.ask
    middle, spread = 0.5 * (bid + ask), ask - bid
    is_quoted = (bid > 0.0) & (spread >= 0.0)
    is_between = (spread > _WIDE * middle) & (last >= bid) & (last <= ask)
    by_mid = is_quoted & ~is_between
    return Priced(np.where(by_mid, middle, np.where(last > 0.0, last, np.nan)), by_mid)


def qualities(quotes: QuoteColumns, price: Array, *, below_intrinsic: Flags, stale: Flags) -> NDArray[np.int64]:
    """What each quote is worth, as places in ``QUALITIES``: the first of them that applies."""
    conditions = {
        Quality.UNKNOWN: np.isnan(price),
        Quality.CROSSED: (quotes.bid > quotes.ask) & (quotes.ask > 0.0),
        Quality.BELOW_INTRINSIC: below_intrinsic,
        Quality.STALE: stale,
        Quality.NO_BID: quotes.bid == 0.0,
    }
    places = [QUALITIES.index(quality) for quality in conditions]
    return np.select(list(conditions.values()), places, QUALITIES.index(Quality.GOOD))

"""The price board: last prices by key, from Redis, and what Redis lacks from a provider."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from engine.market.errors import SymbolError
from engine.market.symbols import is_segment_key, parse_segment_key
from engine.storage.hot import HotStore
from web.directory import Directory
from web.last_prices import LastPriceWishes

MOST_KEYS: Final = 1_000


class BoardPrice(msgspec.Struct, frozen=True, gc=False):
    """A price, and when it was observed (unix milliseconds) where that is known."""

    price: float
    observed_ms: int | None = None


class Board(msgspec.Struct, frozen=True):
    """What was found of some keys, in their order."""

    prices: Mapping[str, BoardPrice]
    fetched: int
    """How many of them a provider was asked for just now."""
    missing: Sequence[str]


async def board(hot: HotStore, directory: Directory, wishes: LastPriceWishes, keys: Sequence[str]) -> Board:
    """The last prices of symbols and segment keys; one read, and one question for all that is missing."""
    places = {key: place for key in keys if (place := place_of(directory, key)) is not None}
    instruments = {place: directory.instrument_at(place) for place in places.values()}
    known = await hot.last_prices(instruments)
    lacking = {
        place: name
        for place, name in instruments.items()
        if name is not None and known[place].price is None and known[place].asked_ms is None
    }
    told = await wishes.of(lacking.values())
    prices = {place: BoardPrice(one.price, one.observed_ms) for place, one in known.items() if one.price is not None}
    fetched = {place: told[name] for place, name in lacking.items() if name in told}
    prices |= {place: BoardPrice(price.price, price.asked_ms) for place, price in fetched.items()}
    return Board(
        {key: prices[place] for key, place in places.items() if place in prices},
        sum(place in fetched for place in places.values()),
        [key for key in keys if places.get(key) not in prices],
    )


def place_of(directory: Directory, key: str) -> str | None:
    """The segment key a price is kept at; None for what nobody knows or carries."""
    try:
        if is_segment_key(key):
            return str(parse_segment_key(key))
        return directory.segment_key(directory.front(directory.resolve(key)))
    except SymbolError:
        return None


def instruments_of(directory: Directory, keys: Iterable[str]) -> tuple[list[str], list[str]]:
    """The instruments that some keys mean, each once and sorted, and the keys that mean none that is carried."""
    found: set[str] = set()
    unknown: list[str] = []
    for key in dict.fromkeys(key.strip() for key in keys):
        place = place_of(directory, key)
        name = None if place is None else directory.instrument_at(place)
        if name is None:
            unknown.append(key)
        else:
            found.add(name)
    return sorted(found), unknown

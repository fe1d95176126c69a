"""The reading of ticks: one page over several symbols, taken from the stores in portions."""

from collections.abc import AsyncIterator, Mapping
from typing import Final, NamedTuple

import msgspec

from engine.market.kept_tick import KeptTick
from engine.storage.tick_history import TickReader

PORTION: Final = 5_000
"""Ticks read at once."""

Span = tuple[int, int]
"""A stretch of times of receipt, its end not included; microseconds UTC."""


class Place(NamedTuple):
    """Where the next page begins: in a symbol's range, at a time of receipt, or with the newest first before it."""

    instrument: str
    border_us: int


class Wish(msgspec.Struct, frozen=True):
    """What a request asks for."""

    symbols: Mapping[str, str]
    """Canonical names, each as the caller wrote it, in the order of the answer."""
    ranges: Mapping[str, Span]
    limit: int | None
    """Ticks on the page; None for all."""
    newest_first: bool = False


class TickReading:
    """A page, read piece by piece. Nothing is read before it is asked for, and nothing is kept."""

    def __init__(self, reader: TickReader, wish: Wish, place: Place | None, *, portion: int = PORTION) -> None:
        self._reader = reader
        self._wish = wish
        self._portion = portion
        self._place = place
        self._left = wish.limit
        self.next: Place | None = None
        """Where the next page begins, once this one is done; None when there is none."""
        self.missing: set[str] = set()
        """Stores that were away."""

    async def pieces(self) -> AsyncIterator[tuple[str, list[KeptTick]]]:
        """Some more ticks, and whose; at least one piece of every symbol that is reached, be it empty."""
        names = list(self._wish.symbols)
        for name in names if self._place is None else names[names.index(self._place.instrument) :]:
            rest: Span | None = self._rest_of(name)
            while rest is not None:
                if self._left == 0:
                    self.next = Place(name, rest[self._wish.newest_first])
                    return
                ticks, rest = await self._piece(name, rest)
                yield name, ticks

    def _rest_of(self, name: str) -> Span:
        start_us, end_us = self._wish.ranges[name]
        if self._place is None or self._place.instrument != name:
            return start_us, end_us
        border_us = self._place.border_us
        return (start_us, border_us) if self._wish.newest_first else (border_us, end_us)

    async def _piece(self, name: str, rest: Span) -> tuple[list[KeptTick], Span | None]:
        """The next ticks, and what is left of the stretch after them; None when nothing is."""
        newest_first = self._wish.newest_first
        size = self._portion if self._left is None else min(self._portion, self._left)
        found = await self._reader.read(name, *rest, size, newest_first=newest_first)
        self.missing.update(found.missing)
        if self._left is not None:
            self._left -= len(found.ticks)
        if len(found.ticks) < size:
            return found.ticks, None
        border_us = found.ticks[-1].received_us
        return found.ticks, (rest[0], border_us) if newest_first else (border_us + 1, rest[1])

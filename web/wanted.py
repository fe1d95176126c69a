"""What is wanted over REST: whoever asked is taken to want it for a while, and there is only so much at a time."""

import asyncio
from collections.abc import Iterator
from typing import Generic, NamedTuple, TypeVar

Thing = TypeVar("Thing")


class Limit(NamedTuple):
    """How much there may be at a time, and what is said to who wants more."""

    most: int
    words: str


class Wanted(Generic[Thing]):
    """Things by who asked for them last, on whose account they are; forgotten ``lasts_s`` after that."""

    def __init__(self, lasts_s: float) -> None:
        self._lasts_s = lasts_s
        self._entries: dict[Thing, tuple[float, str]] = {}
        """Until when, by the loop's clock, and by whom."""

    def __iter__(self) -> Iterator[Thing]:
        return iter(self._entries)

    def take(self, thing: Thing, holder: str, *, share: Limit, room: Limit) -> str:
        """Why there is no room for another thing; one that others want already takes none.

        ``share`` is of one holder, and no limit of an empty one's; ``room`` is for all together.
        """
        now_s = asyncio.get_running_loop().time()
        self._entries = {one: entry for one, entry in self._entries.items() if entry[0] > now_s}
        if thing not in self._entries:
            if holder and sum(whose == holder for _, whose in self._entries.values()) >= share.most:
                return share.words
            if len(self._entries) >= room.most:
                return room.words
        self._entries[thing] = now_s + self._lasts_s, holder
        return ""

    def give_back(self, thing: Thing) -> None:
        """It can not be had: whoever asked does not want it any more."""
        self._entries.pop(thing, None)

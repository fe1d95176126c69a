"""Sharing: how instruments are spread over providers that know them, each of which carries only so many."""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec


class Shares(msgspec.Struct, frozen=True):
    """Who carries what."""

    carriers: Mapping[str, str]
    """The provider of each instrument that somebody carries."""
    uncarried: tuple[str, ...]
    """Those that every provider knowing them is full without, and those nobody knows."""


def share(
    candidates: Mapping[str, Sequence[str]], capacity: Mapping[str, int], before: Mapping[str, str] | None = None
) -> Shares:
    """Gives each instrument the first of its ``candidates`` that has room.

    Whoever carried it ``before`` goes on with it while it is a candidate and has room, so that a change of the set moves
    few. Those that one provider alone knows are placed first: the others have somewhere else to go. A provider without
    a ``capacity`` carries any number.
    """
    before = before or {}
    room = Counter(capacity)
    carriers: dict[str, str] = {}
    sole = [name for name, known in candidates.items() if len(known) == 1]
    several = [name for name, known in candidates.items() if len(known) > 1]
    for names in (sole, several):
        for name in names:
            provider = before.get(name, "")
            if provider in candidates[name] and (provider not in capacity or room[provider] > 0):
                room[provider] -= 1
                carriers[name] = provider
        for name in names:
            if name not in carriers:
                _place(name, candidates[name], room, capacity, carriers)
    return Shares(carriers, tuple(name for name in candidates if name not in carriers))


def _place(
    name: str, candidates: Sequence[str], room: Counter[str], capacity: Mapping[str, int], carriers: dict[str, str]
) -> None:
    for provider in candidates:
        if provider not in capacity or room[provider] > 0:
            room[provider] -= 1
            carriers[name] = provider
            return

"""Sharing: how instruments are spread over providers that know them, each of which carries only so many."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import msgspec


class Shares(msgspec.Struct, frozen=True):
    """Who carries what."""

    carriers: Mapping[str, str]
    """The provider of each instrument that somebody carries."""
    uncarried: tuple[str, ...]
    """Those that every provider knowing them is full without, and those nobody knows."""


def share(
    candidates: Mapping[str, Sequence[str]],
    capacity: Mapping[str, int],
    before: Mapping[str, str] | None = None,
    *,
    last: Collection[str] = (),
) -> Shares:
    """Gives each instrument the first of its ``candidates`` that has room.

    Whoever carried it ``before`` goes on with it while it is a candidate and has room, so that a change of the set moves
    few. Those that one provider alone knows are placed first: the others have somewhere else to go. A provider without
    a ``capacity`` carries any number. What comes ``last`` gets the room that the others leave, whoever carried it.
    """
    before = before or {}
    room = Counter(capacity)
    carriers: dict[str, str] = {}
    for names in _turns(candidates, last):
        for name in names:
            provider = before.get(name, "")
            if provider in candidates[name] and (provider not in capacity or room[provider] > 0):
                room[provider] -= 1
                carriers[name] = provider
        for name in names:
            if name not in carriers:
                _place(name, candidates[name], room, capacity, carriers)
    return Shares(carriers, tuple(name for name in candidates if name not in carriers))


def _turns(candidates: Mapping[str, Sequence[str]], last: Collection[str]) -> list[list[str]]:
    """Who is placed before whom."""
    turns: dict[tuple[bool, bool], list[str]] = {
        (late, several): [] for late in (False, True) for several in (False, True)
    }
    for name, known in candidates.items():
        if known:
            turns[name in last, len(known) > 1].append(name)
    return list(turns.values())


def _place(
    name: str, candidates: Sequence[str], room: Counter[str], capacity: Mapping[str, int], carriers: dict[str, str]
) -> None:
    for provider in candidates:
        if provider not in capacity or room[provider] > 0:
            room[provider] -= 1
            carriers[name] = provider
            return

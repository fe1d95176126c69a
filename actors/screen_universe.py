"""The instruments a screener looks at, out of the lists that are configured and the table of instruments."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Final

from engine.screening import Problem, Universe, is_canonical
from engine.screening.configured import Screener
from engine.storage.durable.screeners import OwnScreeners

MOST_INSTRUMENTS: Final = 10_000
"""Of one run."""
NOTHING: Final = Universe()
_SHOWN: Final = 5


async def unknown_parts(
    universe: Universe, configured: Mapping[str, Screener], table: OwnScreeners, before: Universe = NOTHING
) -> list[Problem]:
    """What it names that there is not: of it nothing could ever be found.

    What it named ``before`` may have gone since, and keeps nobody from changing the rest.
    """
    lists = sorted(identity for identity, one in configured.items() if one.instruments)
    problems: list[Problem] = []
    if universe.list != before.list:
        problems += _unknown("list", universe.list, lists)
    if universe.exchange and universe.exchange != before.exchange:
        problems += _unknown("exchange", universe.exchange, await table.exchanges())
    if universe.sector and universe.sector != before.sector:
        problems += _unknown("sector", universe.sector, await table.sectors())
    named, known = universe.instruments or (), set(before.instruments or ())
    if not known.issuperset(named):
        known.update(await table.universe(None, None, None, named, len(named)))
    return problems + [
        Problem(f"universe.instruments[{number}]", f"there is no instrument {name!r}")
        for number, name in enumerate(named)
        if name not in known and is_canonical(name)
    ]


def _unknown(part: str, written: str | None, known: Sequence[str]) -> list[Problem]:
    if written is None or written in known:
        return []
    near = get_close_matches(written, known, 3, 0.5) or known[:_SHOWN]
    return [
        Problem(
            f"universe.{part}", f"there is no {part} {written!r}" + (f"; near it: {', '.join(near)}" if near else "")
        )
    ]


async def universe_of(universe: Universe, configured: Mapping[str, Screener], table: OwnScreeners) -> list[str]:
    """By name; one more than MOST_INSTRUMENTS where they are too many."""
    lists = [universe.instruments] if universe.instruments is not None else []
    if universe.list is not None:
        lists.append(configured[universe.list].instruments if universe.list in configured else ())
    among = sorted(set(lists[0]).intersection(*lists[1:])) if lists else None
    kind = universe.kind or (None if lists else "equity")
    return await table.universe(universe.exchange, universe.sector, kind, among, MOST_INSTRUMENTS + 1)

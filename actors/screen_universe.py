"""The instruments a screener looks at, out of the lists that are configured and the table of instruments."""

from collections.abc import Mapping
from typing import Final

from engine.screening import Universe
from engine.screening.configured import Screener
from engine.storage.durable.screeners import OwnScreeners

MOST_INSTRUMENTS: Final = 10_000
"""Of one run."""


async def universe_of(universe: Universe, configured: Mapping[str, Screener], table: OwnScreeners) -> list[str]:
    """By name; one more than MOST_INSTRUMENTS where they are too many."""
    lists = [universe.instruments] if universe.instruments is not None else []
    if universe.list is not None:
        lists.append(configured[universe.list].instruments if universe.list in configured else ())
    among = sorted(set(lists[0]).intersection(*lists[1:])) if lists else None
    kind = universe.kind or (None if lists else "equity")
    return await table.universe(universe.exchange, universe.sector, kind, among, MOST_INSTRUMENTS + 1)

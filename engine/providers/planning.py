"""Spreading instruments over a provider's connections, and refusing those that it can not carry."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from math import ceil
from operator import attrgetter
from typing import Final

from engine.providers.base import FeedLimits, PlanError, Route

_NAMED: Final = 5


def spread(routes: Sequence[Route], limits: FeedLimits, who: str) -> list[list[Route]]:
    """The routes of each connection: as few connections as will do, evenly filled so that each has room to grow.

    Raises ``PlanError`` when there are more than all connections together carry; ``who`` names the provider in it.
    """
    if len(routes) > limits.capacity:
        raise PlanError(
            f"{len(routes):,} instruments are more than the {limits.capacity:,} {who} serves "
            f"({limits.connections} connections of {limits.instruments_per_connection:,})"
        )
    if not routes:
        return []
    connections = ceil(len(routes) / limits.instruments_per_connection)
    return list(batches(routes, ceil(len(routes) / connections)))


def batches(routes: Sequence[Route], size: int) -> Iterator[list[Route]]:
    """The routes in portions of at most ``size``."""
    for start in range(0, len(routes), size):
        yield list(routes[start : start + size])


def refuse_odd(
    routes: Sequence[Route],
    who: str,
    is_known: Callable[[Route], bool],
    *,
    called: str,
    identity: Callable[[Route], str] = attrgetter("key"),
) -> None:
    """Raise ``PlanError`` that names what the provider can not know, or what nothing would tell apart.

    ``called`` is what it knows instruments by, as in ``symbol``; ``identity`` tells it of a route.
    """
    unknown = [route for route in routes if not is_known(route)]
    if unknown:
        raise PlanError(f"{who} has no such {called}: {listed(unknown)}", unknown)
    times = Counter(map(identity, routes))
    repeated = [route for route in routes if times[identity(route)] > 1]
    if repeated:
        raise PlanError(f"several instruments share one {called} at {who}: {listed(repeated)}", repeated)


def symbol_of(route: Route) -> str:
    """The identity at providers whose symbols mean the same in all segments."""
    return route.security_id


def listed(routes: Sequence[Route]) -> str:
    """The first few of the routes by their names, and how many more there are."""
    named = ", ".join(f"{route.instrument} ({route.key})" for route in routes[:_NAMED])
    return named + (f" and {len(routes) - _NAMED} more" if len(routes) > _NAMED else "")

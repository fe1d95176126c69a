"""Spreading instruments over a provider's connections."""

from collections.abc import Iterator, Sequence
from math import ceil

from engine.providers.base import FeedLimits, PlanError, Route


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

"""Placing: which instruments go over which connection, when some connections are up already and are not to be disturbed."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Protocol

import msgspec

from engine.providers.base import FeedLimits, PlanError, Route

Lines = dict[int, list[Route]]


class Planner(Protocol):
    """A feed, as far as it knows what fits on its connections."""

    @property
    def name(self) -> str: ...

    @property
    def limits(self) -> FeedLimits: ...

    def plan(self, routes: Sequence[Route]) -> list[list[Route]]:
        """The routes of each connection; raises ``PlanError`` when they do not fit."""
        ...


class Placement(msgspec.Struct, frozen=True):
    """Who carries what."""

    lines: Mapping[int, tuple[Route, ...]]
    """By the number of the connection; one without any routes is needed no more."""
    left_out: tuple[Route, ...] = ()
    why: str = ""
    """Why some are left out."""


def place(feed: Planner, carried: Mapping[int, Sequence[Route]], wanted: Sequence[Route]) -> Placement:
    """What is carried stays where it is; who joins goes to a connection that has room, and else to a new one.

    The provider's own plan decides who may share a connection.
    """
    possible, why = _possible(feed, carried, wanted)
    allowed = frozenset(possible)
    lines = {number: [route for route in routes if route in allowed] for number, routes in carried.items()}
    present = frozenset(route for routes in lines.values() for route in routes)
    joining = [route for route in possible if route not in present]
    for together in feed.plan(joining):
        why = _join(feed, lines, together) or why
    placed = {number: tuple(routes) for number, routes in lines.items()}
    return Placement(placed, _missing(wanted, placed.values()), why)


def _possible(
    feed: Planner, carried: Mapping[int, Sequence[Route]], wanted: Sequence[Route]
) -> tuple[Sequence[Route], str]:
    """Without those that can not be subscribed, and of too many no more than fit: the others do without them."""
    try:
        feed.plan(wanted)
    except PlanError as error:
        impossible = set(error.routes)
        fewer = [route for route in wanted if route not in impossible]
        if len(fewer) == len(wanted):
            fewer = _first(carried, wanted, feed.limits.capacity)
        return (_possible(feed, carried, fewer)[0] if len(fewer) < len(wanted) else ()), str(error)
    return wanted, ""


def _first(carried: Mapping[int, Sequence[Route]], wanted: Sequence[Route], most: int) -> list[Route]:
    present = frozenset(route for routes in carried.values() for route in routes)
    return sorted(wanted, key=lambda route: route not in present)[:most]


def _join(feed: Planner, lines: Lines, joining: Sequence[Route]) -> str:
    """Takes them up; otherwise says why not all of them."""
    most, rest = feed.limits.instruments_per_connection, list(joining)
    for routes in lines.values():
        room = most - len(routes)
        if rest and room > 0 and _may_share(feed, [*routes, *rest[:room]]):
            routes.extend(rest[:room])
            rest = rest[room:]
    while rest and sum(map(bool, lines.values())) < feed.limits.connections:
        lines[next(number for number in count() if not lines.get(number))] = rest[:most]
        rest = rest[most:]
    return f"{feed.name} allows {feed.limits.connections} connections, and all are taken" if rest else ""


def _may_share(feed: Planner, routes: Sequence[Route]) -> bool:
    try:
        return len(feed.plan(routes)) == 1
    except PlanError:
        return False


def _missing(wanted: Sequence[Route], placed: Iterable[Sequence[Route]]) -> tuple[Route, ...]:
    present = frozenset(route for routes in placed for route in routes)
    return tuple(route for route in wanted if route not in present)

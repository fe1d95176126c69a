"""Which instrument goes over which connection, and the messages that ask for it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from engine.providers.base import FeedLimits, PlanError, Route
from engine.providers.planning import spread
from engine.providers.yahoo.symbols import is_symbol

LIMITS: Final = FeedLimits(connections=2, instruments_per_connection=500, instruments_per_message=500)
"""Ours: Yahoo tells none. Enough for watchlists, and little enough not to be taken for an attack."""

_NAMED: Final = 5


def plan_connections(routes: Sequence[Route]) -> list[list[Route]]:
    """The routes of each connection; raises ``PlanError`` beyond our limits and for what Yahoo can not know."""
    odd = [route for route in routes if not is_symbol(route.security_id)]
    if odd:
        raise PlanError(f"Yahoo has no such symbol: {_names(odd)}", odd)
    times = Counter(route.security_id for route in routes)
    repeated = [route for route in routes if times[route.security_id] > 1]
    if repeated:
        raise PlanError(f"several instruments share one of Yahoo's symbols: {_names(repeated)}", repeated)
    return spread(routes, LIMITS, "Yahoo")


def subscription(symbols: Iterable[str]) -> str:
    """The message that asks for all these symbols."""
    return msgspec.json.encode({"subscribe": list(symbols)}).decode()


def withdrawal(symbols: Iterable[str]) -> str:
    """The message that takes these symbols back."""
    return msgspec.json.encode({"unsubscribe": list(symbols)}).decode()


def _names(routes: Sequence[Route]) -> str:
    named = ", ".join(f"{route.instrument} ({route.security_id})" for route in routes[:_NAMED])
    return named + (f" and {len(routes) - _NAMED} more" if len(routes) > _NAMED else "")

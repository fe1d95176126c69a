"""Which instrument goes over which connection, and the messages that ask for it."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from engine.providers.base import FeedLimits, Route
from engine.providers.planning import refuse_odd, spread, symbol_of
from engine.providers.yahoo.symbols import is_symbol

LIMITS: Final = FeedLimits(connections=2, instruments_per_connection=500, instruments_per_message=500)
"""Ours: Yahoo tells none. Enough for watchlists, and little enough not to be taken for an attack."""


def plan_connections(routes: Sequence[Route]) -> list[list[Route]]:
    """The routes of each connection; raises ``PlanError`` beyond our limits and for what Yahoo can not know."""
    refuse_odd(routes, "Yahoo", lambda route: is_symbol(symbol_of(route)), called="symbol", identity=symbol_of)
    return spread(routes, LIMITS, "Yahoo")


def subscription(symbols: Iterable[str]) -> str:
    """The message that asks for all these symbols."""
    return msgspec.json.encode({"subscribe": list(symbols)}).decode()


def withdrawal(symbols: Iterable[str]) -> str:
    """The message that takes these symbols back."""
    return msgspec.json.encode({"unsubscribe": list(symbols)}).decode()

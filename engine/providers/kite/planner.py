"""Which instrument goes over which of Kite's connections, and the messages that ask for it."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from engine.providers.base import FeedLimits, Mode, Route
from engine.providers.kite.codec import LARGEST_ID, SEGMENT_CODES, instrument_token
from engine.providers.planning import batches, refuse_odd, spread

LIMITS: Final = FeedLimits(connections=3, instruments_per_connection=3_000, instruments_per_message=500)
"""Kite names no limit for a message; a few long ones would only hold up what else is sent."""
MODES: Final = {"ltp": Mode.TICKER, "quote": Mode.QUOTE, "full": Mode.FULL}
"""By Kite's names."""

_NAMES: Final = {mode: name for name, mode in MODES.items()}


def plan_connections(routes: Sequence[Route]) -> list[list[Route]]:
    """The routes of each connection, see ``spread``; also refuses what Kite can not know."""
    refuse_odd(routes, "Kite", is_known, called="segment and id")
    return spread(routes, LIMITS, "Kite")


def subscription_messages(routes: Sequence[Route], mode: Mode) -> list[str]:
    """The requests that subscribe the routes in a mode: each portion is subscribed, in quote mode, and then put into it."""
    return [
        message
        for tokens in _portions(routes)
        for message in (_message("subscribe", tokens), _message("mode", [_NAMES[mode], tokens]))
    ]


def unsubscription_messages(routes: Sequence[Route]) -> list[str]:
    """The requests that take subscriptions back, whatever their mode."""
    return [_message("unsubscribe", tokens) for tokens in _portions(routes)]


def is_known(route: Route) -> bool:
    """Whether segment and id can be Kite's at all."""
    return route.segment in SEGMENT_CODES and _is_id(route.security_id)


def _portions(routes: Sequence[Route]) -> list[list[int]]:
    # Numbers: tokens written as text are passed over without a word.
    return [
        [instrument_token(route.segment, route.security_id) for route in portion]
        for portion in batches(routes, LIMITS.instruments_per_message)
    ]


def _message(action: str, value: Sequence[Any]) -> str:
    return msgspec.json.encode({"a": action, "v": value}).decode()


def _is_id(text: str) -> bool:
    digits = text.isascii() and text.isdecimal() and len(text) <= len(str(LARGEST_ID))
    return digits and int(text) <= LARGEST_ID and text == str(int(text))  # "01594" would come back as 1594

"""Which instrument goes over which connection, and the messages that ask for it."""

from collections.abc import Collection, Sequence
from itertools import groupby
from typing import Final

import msgspec

from engine.providers.base import FeedLimits, Mode, Route
from engine.providers.dhan.codec import SEGMENT_CODES
from engine.providers.planning import batches, refuse_odd, spread

LIMITS: Final = FeedLimits(connections=5, instruments_per_connection=5_000, instruments_per_message=100)
DISCONNECT_MESSAGE: Final = '{"RequestCode":12}'

_INDEX_SEGMENT: Final = "IDX_I"
_LARGEST_ID: Final = 2**32 - 1
_SUBSCRIBE: Final = {Mode.TICKER: 15, Mode.QUOTE: 17, Mode.FULL: 21}
"""To unsubscribe, the next number."""


def plan_connections(routes: Sequence[Route]) -> list[list[Route]]:
    """The routes of each connection: as few connections as will do, evenly filled so that each has room to grow."""
    refuse(routes)
    return spread(routes, LIMITS, "Dhan")


def subscription_messages(routes: Sequence[Route], mode: Mode, *, subscribe: bool = True) -> list[str]:
    """The requests that subscribe the routes, or take them back; indices know no mode but the ticker's."""
    by_mode = sorted(routes, key=lambda route: _mode_of(route, mode))
    return [
        request(_SUBSCRIBE[route_mode] + (not subscribe), batch)
        for route_mode, group in groupby(by_mode, key=lambda route: _mode_of(route, mode))
        for batch in batches(list(group), LIMITS.instruments_per_message)
    ]


def _mode_of(route: Route, mode: Mode) -> Mode:
    # Anything else is silently ignored for an index: it would never tick.
    return Mode.TICKER if route.segment == _INDEX_SEGMENT else mode


def request(request_code: int, routes: Sequence[Route]) -> str:
    """The message that asks something of instruments."""
    fields = {
        "RequestCode": request_code,
        "InstrumentCount": len(routes),
        "InstrumentList": [{"ExchangeSegment": route.segment, "SecurityId": route.security_id} for route in routes],
    }
    return msgspec.json.encode(fields).decode()


def refuse(routes: Sequence[Route], segments: Collection[str] = SEGMENT_CODES) -> None:
    """Name what Dhan can not know in these segments, and what would be told apart by nothing."""
    refuse_odd(
        routes,
        "Dhan",
        lambda route: route.segment in segments and _is_id(route.security_id),
        called="segment and id",
    )


def _is_id(text: str) -> bool:
    digits = text.isascii() and text.isdecimal() and len(text) <= len(str(_LARGEST_ID))
    return digits and int(text) <= _LARGEST_ID and text == str(int(text))  # "01333" would come back as 1333

"""The relay's adapter at a door of its own. It knows no token; its clock is the exchange's, to count bars by."""

import time

from config.calendars import load_calendar
from engine.market import Calendars
from engine.providers.base import History, LiveFeed, Mode
from engine.providers.databento.account import RelayEndpoint
from engine.providers.databento.relay.history import RelayHistory, RelayLimits
from engine.providers.databento.relay.session import PATIENCE, RelayFeed
from engine.providers.retry import RetryPolicy
from engine.providers.simulator.door import Door
from engine.providers.simulator.vendors import Address
from engine.providers.socket import Patience
from tests.providers.conformance.case import Case
from tests.providers.conformance.cases.databento import INDIA

UNLIMITED = RelayLimits(calls_per_second=1_000, timeout_s=20)


def _feed(address: Address, token: str, patience: Patience | None) -> LiveFeed:
    del token
    return RelayFeed(RelayEndpoint(address.feed_url), patience=patience or PATIENCE)


def _history(address: Address, token: str) -> History:
    del token
    return RelayHistory(
        RelayEndpoint(address.feed_url),
        limits=UNLIMITED,
        retry=RetryPolicy(attempts=1),
        calendars=Calendars(load_calendar, continuous=INDIA),
        clock=time.time_ns,
    )


def _frames(door: Door) -> list[bytes]:
    """Each of one trade."""
    frames: list[bytes] = []
    for mode in Mode:
        for place in door.places.values():
            listing, trade = door.exchange.market.listings[place], door.last(place)
            if trade is not None:
                frames.append(door.speech.encode(listing, trade, mode)[-1])
    return frames


CASES = [
    Case(
        "databento_relay",
        "simulator_relay",
        _feed,
        _history,
        token="no-token-is-needed",
        options={"instruments": 2, "world": True},
        needs_token=False,
        any_name=False,
        takes_back=False,
        frames=_frames,
    ),
]

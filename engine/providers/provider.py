"""One provider as the program uses it, and what its maker is given; each vendor's makers stand beside its adapter."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from config.errors import SettingsError
from config.settings import Settings
from engine.providers.base import Actions, History, LiveFeed, Options
from engine.providers.depths import DepthFeed
from engine.providers.keyring import Keyring
from engine.providers.notices import Notices
from engine.providers.orders import OrderBook
from engine.providers.rate_limiter import UNSHARED, Budget
from engine.providers.simulator.options import SIMULATED_CLIENT_ID, SIMULATED_TOKEN

SILENT_FEED_URL: Final = "wss://replay.invalid"
SILENT_REST_URL: Final = "https://replay.invalid"
"""Addresses of those that are made to read frames only: nobody is there."""


@dataclass(frozen=True, slots=True)
class Provider:
    """One configured provider: its stream and its record."""

    feed: LiveFeed
    history: History
    keyring: Keyring | None = None
    """Where its credential is; ``None``: it needs none."""
    notices: Notices | None = None
    """Where it tells of orders, if on a socket of its own and somebody wants to know."""
    options: Options | None = None
    """Its option chains, where it tells them whole; ``None``: their legs are asked for as any other instruments."""
    actions: Actions | None = None
    """Where it tells splits and dividends."""
    depth: DepthFeed | None = None
    """Its books, where it tells them on sockets of their own, which take a credential."""
    order_book: OrderBook | None = None
    """Where it tells of all orders of the day, if it tells of orders at all."""


class Surroundings(NamedTuple):
    """What a provider is given of the process it works in."""

    budget: Budget = UNSHARED
    """What all processes may ask of it together."""
    now_ns: Callable[[], int] = time.time_ns
    """The clock that a record's reach is counted by."""


class Door(NamedTuple):
    """Where a simulated exchange plays a provider: a port for its feed and one for its REST service."""

    host: str
    feed_port: int
    rest_port: int

    @property
    def feed_url(self) -> str:
        return f"ws://{self.host}:{self.feed_port}"

    @property
    def rest_url(self) -> str:
        return f"http://{self.host}:{self.rest_port}"


def door_of(name: str, settings: Settings) -> Door:
    """The door of a provider that has one of its own only. Raises ``SettingsError`` where the settings name none."""
    if (door := settings.simulator_door(name)) is None:
        raise SettingsError(
            f"TICKTREE_SIMULATOR_DOORS: expected the ports of {name} (`ticktree simulate --door {name}` prints them), "
            f"was {settings.simulator_doors or 'not set'}."
        )
    return Door(*door)


def simulated_keyring(name: str) -> Keyring:
    """What opens every door of the simulated exchange."""
    return Keyring.holding(name, SIMULATED_CLIENT_ID, SIMULATED_TOKEN)

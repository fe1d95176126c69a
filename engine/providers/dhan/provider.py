"""Dhan, made of the settings: itself, the simulated exchange in its language, or a reader of its frames."""

from typing import Final

from config.settings import Settings
from engine.providers.dhan.account import DhanEndpoints
from engine.providers.dhan.depth import DhanDepthFeed
from engine.providers.dhan.options import CALLS_PER_SECOND, DhanOptions
from engine.providers.dhan.order_book import DhanOrderBook
from engine.providers.dhan.orders import DhanOrders
from engine.providers.dhan.rest import DhanHistory, DhanLimits
from engine.providers.dhan.session import DhanFeed
from engine.providers.keyring import Keyring
from engine.providers.notices import Notices
from engine.providers.provider import (
    SILENT_FEED_URL,
    SILENT_REST_URL,
    Door,
    Provider,
    Surroundings,
    simulated_keyring,
)
from engine.providers.simulator.dhan.depth import DEPTH_PATH

_NAME: Final = "dhan"
_SIMULATED: Final = DhanLimits(charts_per_second=100.0, charts_per_day=10_000_000)
"""Our own exchange counts nothing; a whole day of all its instruments is read within seconds."""
_SIMULATED_CHAINS: Final = 5.0
"""A second."""


def real(settings: Settings, around: Surroundings) -> Provider:
    """Where the settings name no account, it is the one that an operator enters."""
    keyring = Keyring(_NAME)
    if settings.dhan_client_id and settings.dhan_access_token:
        keyring = Keyring.holding(_NAME, settings.dhan_client_id, settings.dhan_access_token.get_secret_value())
    endpoints = DhanEndpoints(
        settings.dhan_feed_url, settings.dhan_rest_url, settings.dhan_depth_url, settings.dhan_orders_url
    )
    orders = DhanOrders(keyring, endpoints, now_ns=around.now_ns) if settings.dhan_order_updates else None
    return _made(_NAME, keyring, endpoints, settings, around, notices=orders)


def simulated(settings: Settings, around: Surroundings) -> Provider:
    """The simulated exchange speaks Dhan's language: the same adapter under another name and address."""
    assert settings.simulator_feed_url is not None
    assert settings.simulator_rest_url is not None
    endpoints = _played(settings.simulator_feed_url, settings.simulator_rest_url)
    return _made("simulator", simulated_keyring("simulator"), endpoints, settings, around)


def simulated_second(settings: Settings, around: Surroundings) -> Provider:
    """The same exchange as another provider, with a record of its own; without a door of its own it shares the feed."""
    name = "simulator2"
    assert settings.simulator_feed_url is not None
    assert settings.simulator_rest_url is not None
    if ports := settings.simulator_door(name):
        door = Door(*ports)
        endpoints = _played(door.feed_url, f"{door.rest_url}/v2")
    else:
        record_url = f"{settings.simulator_rest_url.removesuffix('/v2')}/second/v2"
        endpoints = _played(settings.simulator_feed_url, record_url)
    return _made(name, simulated_keyring(name), endpoints, settings, around)


def silent(name: str, settings: Settings) -> Provider:
    """Its reading of frames and its limits, without an account: it must not be connected to."""
    endpoints = DhanEndpoints(SILENT_FEED_URL, SILENT_REST_URL, SILENT_FEED_URL, SILENT_FEED_URL)
    return _made(name, Keyring(name), endpoints, settings, Surroundings())


def _played(feed_url: str, rest_url: str) -> DhanEndpoints:
    """The simulated exchange tells books at the address of its feed, too."""
    return DhanEndpoints(feed_url, rest_url, f"{feed_url}{DEPTH_PATH}")


def _made(
    name: str,
    keyring: Keyring,
    endpoints: DhanEndpoints,
    settings: Settings,
    around: Surroundings,
    *,
    notices: Notices | None = None,
) -> Provider:
    limits, chains = (DhanLimits(), CALLS_PER_SECOND) if name == _NAME else (_SIMULATED, _SIMULATED_CHAINS)
    return Provider(
        DhanFeed(keyring, endpoints, mode=settings.dhanhq_ws_mode, name=name),
        DhanHistory(keyring, endpoints, name=name, limits=limits, budget=around.budget),
        keyring,
        notices,
        DhanOptions(keyring, endpoints, name=name, calls_per_second=chains, budget=around.budget),
        depth=DhanDepthFeed(keyring, endpoints, name=name),
        order_book=DhanOrderBook(keyring, endpoints, name=name, now_ns=around.now_ns) if notices else None,
    )

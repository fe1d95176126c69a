"""Kite, made of the settings: itself, the simulated exchange in its language, or a reader of its frames."""

from typing import Final

from config.settings import Settings
from engine.providers.keyring import Credential, Keyring
from engine.providers.kite.account import KiteEndpoints
from engine.providers.kite.fills import Fills
from engine.providers.kite.login import API_SECRET, token_ends_ns
from engine.providers.kite.order_book import KiteOrderBook
from engine.providers.kite.planner import MODES
from engine.providers.kite.rest import KiteHistory, KiteLimits
from engine.providers.kite.session import KiteFeed
from engine.providers.provider import (
    SILENT_FEED_URL,
    SILENT_REST_URL,
    Provider,
    Surroundings,
    door_of,
    simulated_keyring,
)
from engine.providers.secret import Secret

_NAME: Final = "kite"
_SIMULATED: Final = KiteLimits(charts_per_second=100.0)


def real(settings: Settings, around: Surroundings) -> Provider:
    """The token of the settings is today's; the next one is entered by an operator, or made of what a login brings back."""
    keyring = Keyring(_NAME, _credential(settings, around))
    return _made(_NAME, keyring, KiteEndpoints(settings.kite_feed_url, settings.kite_rest_url), settings, around)


def simulated(settings: Settings, around: Surroundings) -> Provider:
    name = "simulator_kite"
    door = door_of(name, settings)
    return _made(name, simulated_keyring(name), KiteEndpoints(door.feed_url, door.rest_url), settings, around)


def silent(name: str, settings: Settings) -> Provider:
    """Its reading of frames and its limits, without an account: it must not be connected to."""
    return _made(name, Keyring(name), KiteEndpoints(SILENT_FEED_URL, SILENT_REST_URL), settings, Surroundings())


def _credential(settings: Settings, around: Surroundings) -> Credential | None:
    if not settings.kite_api_key or not settings.kite_access_token:
        return None
    secret = settings.kite_api_secret
    return Credential(
        settings.kite_api_key,
        Secret(settings.kite_access_token.get_secret_value()),
        token_ends_ns(around.now_ns()),
        {API_SECRET: Secret(secret.get_secret_value())} if secret else {},
    )


def _made(name: str, keyring: Keyring, endpoints: KiteEndpoints, settings: Settings, around: Surroundings) -> Provider:
    limits = KiteLimits() if name == _NAME else _SIMULATED
    fills = Fills()
    return Provider(
        KiteFeed(keyring, endpoints, mode=MODES[settings.kite_ws_mode], name=name, now_ns=around.now_ns, fills=fills),
        KiteHistory(keyring, endpoints, name=name, limits=limits, budget=around.budget),
        keyring,
        order_book=KiteOrderBook(keyring, endpoints, name=name, now_ns=around.now_ns, fills=fills),
    )

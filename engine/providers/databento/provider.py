"""Databento, made of the settings: itself, the simulated exchange in its language, or a reader of its frames."""

from typing import Final

from config.settings import Settings
from engine.providers.databento.account import DatabentoEndpoints
from engine.providers.databento.history import DatabentoHistory
from engine.providers.databento.session import DatabentoFeed
from engine.providers.keyring import Keyring
from engine.providers.provider import SILENT_REST_URL, Provider, Surroundings, door_of, simulated_keyring

_NAME: Final = "databento"
_SILENT_GATEWAY_URL: Final = "tcp://replay.invalid:1"


def real(settings: Settings, around: Surroundings) -> Provider:
    """Where the settings name no key, it is the one that an operator enters."""
    keyring = Keyring(_NAME)
    if settings.databento_api_key:
        keyring = Keyring.holding(_NAME, "", settings.databento_api_key.get_secret_value())
    endpoints = DatabentoEndpoints(settings.databento_gateway_url, settings.databento_rest_url)
    return _made(_NAME, keyring, endpoints, around)


def simulated(settings: Settings, around: Surroundings) -> Provider:
    name = "simulator_databento"
    door = door_of(name, settings)
    endpoints = DatabentoEndpoints(f"tcp://{door.host}:{door.feed_port}", f"{door.rest_url}/v0")
    return _made(name, simulated_keyring(name), endpoints, around)


def silent(name: str, _: Settings) -> Provider:
    """Its reading of frames and its limits, without an account: it must not be connected to."""
    return _made(name, Keyring(name), DatabentoEndpoints(_SILENT_GATEWAY_URL, SILENT_REST_URL), Surroundings())


def _made(name: str, keyring: Keyring, endpoints: DatabentoEndpoints, around: Surroundings) -> Provider:
    return Provider(
        DatabentoFeed(keyring, endpoints, name=name, clock=around.now_ns),
        DatabentoHistory(keyring, endpoints, name=name, budget=around.budget, clock=around.now_ns),
        keyring,
    )

"""The relay, made of the settings: itself, the simulated exchange in its language, or a reader of its frames."""

from config.settings import Settings
from engine.providers.databento.account import RelayEndpoint
from engine.providers.databento.relay.history import RelayHistory
from engine.providers.databento.relay.session import RelayFeed
from engine.providers.databento.relay.told import ToldBars
from engine.providers.provider import SILENT_FEED_URL, Provider, Surroundings, door_of


def real(settings: Settings, around: Surroundings) -> Provider:
    return _made("databento_relay", settings.databento_relay_url, around)


def simulated(settings: Settings, around: Surroundings) -> Provider:
    name = "simulator_relay"
    return _made(name, door_of(name, settings).feed_url, around)


def silent(name: str, _: Settings) -> Provider:
    """Its reading of frames and its limits: it must not be connected to."""
    return _made(name, SILENT_FEED_URL, Surroundings())


def _made(name: str, url: str, around: Surroundings) -> Provider:
    """Feed and record share what the relay tells of bars."""
    endpoint, told = RelayEndpoint(url), ToldBars()
    return Provider(
        RelayFeed(endpoint, name=name, told=told, clock=around.now_ns),
        RelayHistory(endpoint, name=name, told=told, budget=around.budget, clock=around.now_ns),
    )

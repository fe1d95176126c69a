"""Yahoo, made of the settings: itself, the simulated exchange in its language, or a reader of its frames."""

from typing import Final

from config.settings import Settings
from engine.providers.provider import SILENT_FEED_URL, SILENT_REST_URL, Provider, Surroundings, door_of
from engine.providers.yahoo.rest import YahooHistory, YahooLimits
from engine.providers.yahoo.session import YahooFeed

_NAME: Final = "yahoo"
_SIMULATED: Final = YahooLimits(calls_per_second=10.0, cool_off_s=1.0)
"""Its package takes 50 ms of the processor to read a day of minutes."""


def real(settings: Settings, around: Surroundings) -> Provider:
    return _made(_NAME, settings.yahoo_feed_url, settings.yahoo_rest_url, around)


def simulated(settings: Settings, around: Surroundings) -> Provider:
    name = "simulator_yahoo"
    door = door_of(name, settings)
    return _made(name, door.feed_url, door.rest_url, around)


def silent(name: str, _: Settings) -> Provider:
    """Its reading of frames and its limits: it must not be connected to."""
    return _made(name, SILENT_FEED_URL, SILENT_REST_URL, Surroundings())


def _made(name: str, feed_url: str, rest_url: str, around: Surroundings) -> Provider:
    limits = YahooLimits() if name == _NAME else _SIMULATED
    history = YahooHistory(rest_url, name=name, limits=limits, budget=around.budget, now_ns=around.now_ns)
    feed = YahooFeed(feed_url, name=name, cool_off_s=limits.cool_off_s, now_ns=around.now_ns)
    return Provider(feed, history, actions=history)

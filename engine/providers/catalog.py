"""The providers this program knows, made from the settings."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from config.errors import SettingsError
from config.settings import Settings
from engine.providers.base import History, LiveFeed
from engine.providers.databento.account import DatabentoEndpoints, RelayEndpoint
from engine.providers.databento.history import DatabentoHistory
from engine.providers.databento.relay.history import RelayHistory
from engine.providers.databento.relay.session import RelayFeed
from engine.providers.databento.relay.told import ToldBars
from engine.providers.databento.session import DatabentoFeed
from engine.providers.dhan.account import DhanEndpoints
from engine.providers.dhan.orders import DhanOrders
from engine.providers.dhan.rest import DhanHistory, DhanLimits
from engine.providers.dhan.session import DhanFeed
from engine.providers.keyring import Credential, Keyring
from engine.providers.kite.account import KiteEndpoints
from engine.providers.kite.login import API_SECRET, token_ends_ns
from engine.providers.kite.planner import MODES as KITE_MODES
from engine.providers.kite.rest import KiteHistory, KiteLimits
from engine.providers.kite.session import KiteFeed
from engine.providers.notices import Notices
from engine.providers.rate_limiter import UNSHARED, Budget
from engine.providers.secret import Secret
from engine.providers.simulator.options import SIMULATED_CLIENT_ID, SIMULATED_TOKEN
from engine.providers.yahoo.rest import YahooHistory, YahooLimits
from engine.providers.yahoo.session import YahooFeed


@dataclass(frozen=True, slots=True)
class Provider:
    """One configured provider: its stream and its record."""

    feed: LiveFeed
    history: History
    keyring: Keyring | None = None
    """Where its credential is; ``None``: it needs none."""
    notices: Notices | None = None
    """Where it tells of orders, if on a socket of its own and somebody wants to know."""


class Surroundings(NamedTuple):
    """What a provider is given of the process it works in."""

    budget: Budget
    now_ns: Callable[[], int]


SIMULATOR_LIMITS = DhanLimits(charts_per_second=100.0)
"""Our own exchange counts nothing; a whole day of all its instruments is read within seconds."""
SIMULATED_KITE_LIMITS = KiteLimits(charts_per_second=100.0)
SIMULATED_YAHOO_LIMITS = YahooLimits(calls_per_second=10.0, cool_off_s=1.0)
"""Its package takes 50 ms of the processor to read a day of minutes."""


def configured_providers(
    settings: Settings, budget: Budget = UNSHARED, *, now_ns: Callable[[], int] = time.time_ns
) -> dict[str, Provider]:
    """The providers of the settings by name, the preferred one first.

    ``budget`` is what all processes may ask of them together; ``now_ns`` the clock that a record's reach is counted by.
    """
    around = Surroundings(budget, now_ns)
    return {name: _MAKERS[name](settings, around) for name in settings.providers}


def silent_provider(name: str, settings: Settings) -> Provider:
    """A provider's own reading of frames and its limits, without an account: it must not be connected to."""
    feed_url, rest_url = "wss://replay.invalid", "https://replay.invalid"
    if name in ("yahoo", "simulator_yahoo"):
        return Provider(YahooFeed(feed_url, name=name), YahooHistory(rest_url, name=name))
    if name in ("databento_relay", "simulator_relay"):
        return _relay(name, feed_url, Surroundings(UNSHARED, time.time_ns))
    if name in ("databento", "simulator_databento"):
        keyring, nowhere = Keyring(name), DatabentoEndpoints("tcp://replay.invalid:1", rest_url)
        return Provider(DatabentoFeed(keyring, nowhere, name=name), DatabentoHistory(keyring, nowhere, name=name))
    keyring = _simulated(name)
    if name in ("kite", "simulator_kite"):
        kite = KiteEndpoints(feed_url, rest_url)
        return Provider(
            KiteFeed(keyring, kite, mode=KITE_MODES[settings.kite_ws_mode], name=name),
            KiteHistory(keyring, kite, name=name, limits=KiteLimits() if name == "kite" else SIMULATED_KITE_LIMITS),
        )
    nowhere = DhanEndpoints(feed_url, rest_url)
    limits = DhanLimits() if name == "dhan" else SIMULATOR_LIMITS
    return Provider(
        DhanFeed(keyring, nowhere, mode=settings.dhanhq_ws_mode, name=name),
        DhanHistory(keyring, nowhere, name=name, limits=limits),
    )


def _dhan(settings: Settings, around: Surroundings) -> Provider:
    """Where the settings name no account, it is the one that an operator enters."""
    keyring = Keyring("dhan")
    if settings.dhan_client_id and settings.dhan_access_token:
        keyring.replace(Credential(settings.dhan_client_id, Secret(settings.dhan_access_token.get_secret_value())))
    endpoints = DhanEndpoints(
        settings.dhan_feed_url, settings.dhan_rest_url, settings.dhan_depth_url, settings.dhan_orders_url
    )
    return Provider(
        DhanFeed(keyring, endpoints, mode=settings.dhanhq_ws_mode),
        DhanHistory(keyring, endpoints, budget=around.budget),
        keyring,
        DhanOrders(keyring, endpoints) if settings.dhan_order_updates else None,
    )


def _kite(settings: Settings, around: Surroundings) -> Provider:
    """The token of the settings is today's; the next one is entered by an operator, or made of what a login brings back."""
    keyring = Keyring("kite")
    if settings.kite_api_key and settings.kite_access_token:
        secret = settings.kite_api_secret
        credential = Credential(
            settings.kite_api_key,
            Secret(settings.kite_access_token.get_secret_value()),
            token_ends_ns(time.time_ns()),
            {API_SECRET: Secret(secret.get_secret_value())} if secret else {},
        )
        keyring.replace(credential)
    endpoints = KiteEndpoints(settings.kite_feed_url, settings.kite_rest_url)
    return Provider(
        KiteFeed(keyring, endpoints, mode=KITE_MODES[settings.kite_ws_mode]),
        KiteHistory(keyring, endpoints, budget=around.budget),
        keyring,
    )


def _simulator_kite(settings: Settings, around: Surroundings) -> Provider:
    name = "simulator_kite"
    host, feed_port, rest_port = _door(settings, name)
    keyring, endpoints = _simulated(name), KiteEndpoints(f"ws://{host}:{feed_port}", f"http://{host}:{rest_port}")
    return Provider(
        KiteFeed(keyring, endpoints, mode=KITE_MODES[settings.kite_ws_mode], name=name),
        KiteHistory(keyring, endpoints, name=name, limits=SIMULATED_KITE_LIMITS, budget=around.budget),
        keyring,
    )


def _simulator(settings: Settings, around: Surroundings) -> Provider:
    """The simulated exchange speaks Dhan's language: the same adapter under another name and address."""
    keyring = _simulated("simulator")
    assert settings.simulator_feed_url is not None
    assert settings.simulator_rest_url is not None
    endpoints = DhanEndpoints(settings.simulator_feed_url, settings.simulator_rest_url)
    return Provider(
        DhanFeed(keyring, endpoints, mode=settings.dhanhq_ws_mode, name="simulator"),
        DhanHistory(keyring, endpoints, name="simulator", limits=SIMULATOR_LIMITS, budget=around.budget),
        keyring,
    )


def _simulator2(settings: Settings, around: Surroundings) -> Provider:
    """The same exchange as another provider, with a record of its own; without a door of its own it shares the feed."""
    keyring = _simulated("simulator2")
    assert settings.simulator_feed_url is not None
    assert settings.simulator_rest_url is not None
    if door := settings.simulator_door("simulator2"):
        host, feed_port, rest_port = door
        endpoints = DhanEndpoints(f"ws://{host}:{feed_port}", f"http://{host}:{rest_port}/v2")
    else:
        record_url = f"{settings.simulator_rest_url.removesuffix('/v2')}/second/v2"
        endpoints = DhanEndpoints(settings.simulator_feed_url, record_url)
    return Provider(
        DhanFeed(keyring, endpoints, mode=settings.dhanhq_ws_mode, name="simulator2"),
        DhanHistory(keyring, endpoints, name="simulator2", limits=SIMULATOR_LIMITS, budget=around.budget),
        keyring,
    )


def _yahoo(settings: Settings, around: Surroundings) -> Provider:
    return Provider(
        YahooFeed(settings.yahoo_feed_url, now_ns=around.now_ns),
        YahooHistory(settings.yahoo_rest_url, budget=around.budget, now_ns=around.now_ns),
    )


def _simulator_yahoo(settings: Settings, around: Surroundings) -> Provider:
    name, limits = "simulator_yahoo", SIMULATED_YAHOO_LIMITS
    host, feed_port, rest_port = _door(settings, name)
    feed_url, rest_url = f"ws://{host}:{feed_port}", f"http://{host}:{rest_port}"
    return Provider(
        YahooFeed(feed_url, name=name, cool_off_s=limits.cool_off_s, now_ns=around.now_ns),
        YahooHistory(rest_url, name=name, limits=limits, budget=around.budget, now_ns=around.now_ns),
    )


def _databento(settings: Settings, around: Surroundings) -> Provider:
    """Where the settings name no key, it is the one that an operator enters."""
    keyring = Keyring("databento")
    if settings.databento_api_key:
        keyring = Keyring.holding("databento", "", settings.databento_api_key.get_secret_value())
    endpoints = DatabentoEndpoints(settings.databento_gateway_url, settings.databento_rest_url)
    return Provider(
        DatabentoFeed(keyring, endpoints, clock=around.now_ns),
        DatabentoHistory(keyring, endpoints, budget=around.budget, clock=around.now_ns),
        keyring,
    )


def _databento_relay(settings: Settings, around: Surroundings) -> Provider:
    return _relay("databento_relay", settings.databento_relay_url, around)


def _simulator_relay(settings: Settings, around: Surroundings) -> Provider:
    host, feed_port, _ = _door(settings, "simulator_relay")
    return _relay("simulator_relay", f"ws://{host}:{feed_port}", around)


def _relay(name: str, url: str, around: Surroundings) -> Provider:
    """Feed and record share what the relay tells of bars."""
    endpoint, told = RelayEndpoint(url), ToldBars()
    return Provider(
        RelayFeed(endpoint, name=name, told=told, clock=around.now_ns),
        RelayHistory(endpoint, name=name, told=told, budget=around.budget, clock=around.now_ns),
    )


def _simulator_databento(settings: Settings, around: Surroundings) -> Provider:
    name = "simulator_databento"
    host, feed_port, rest_port = _door(settings, name)
    keyring = _simulated(name)
    endpoints = DatabentoEndpoints(f"tcp://{host}:{feed_port}", f"http://{host}:{rest_port}/v0")
    return Provider(
        DatabentoFeed(keyring, endpoints, name=name, clock=around.now_ns),
        DatabentoHistory(keyring, endpoints, name=name, budget=around.budget, clock=around.now_ns),
        keyring,
    )


def _door(settings: Settings, name: str) -> tuple[str, int, int]:
    """Host, port of the feed and port of the REST service of a provider that has both at a door of its own only."""
    if (door := settings.simulator_door(name)) is None:
        raise SettingsError(
            f"TICKTREE_SIMULATOR_DOORS: expected the ports of {name} (`ticktree simulate --door {name}` prints them), "
            f"was {settings.simulator_doors or 'not set'}."
        )
    return door


def _simulated(name: str) -> Keyring:
    return Keyring.holding(name, SIMULATED_CLIENT_ID, SIMULATED_TOKEN)


_MAKERS: dict[str, Callable[[Settings, Surroundings], Provider]] = {
    "databento": _databento,
    "databento_relay": _databento_relay,
    "dhan": _dhan,
    "kite": _kite,
    "simulator": _simulator,
    "simulator2": _simulator2,
    "simulator_databento": _simulator_databento,
    "simulator_relay": _simulator_relay,
    "simulator_kite": _simulator_kite,
    "simulator_yahoo": _simulator_yahoo,
    "yahoo": _yahoo,
}

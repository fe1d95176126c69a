"""The providers this program knows: by which name each is configured, and who makes it of the settings."""

import time
from collections.abc import Callable
from typing import Final, NamedTuple

from config.settings import Settings
from engine.providers.databento import provider as databento
from engine.providers.databento.relay import provider as relay
from engine.providers.dhan import provider as dhan
from engine.providers.kite import provider as kite
from engine.providers.provider import Provider, Surroundings
from engine.providers.rate_limiter import UNSHARED, Budget
from engine.providers.yahoo import provider as yahoo


class _Entry(NamedTuple):
    make: Callable[[Settings, Surroundings], Provider]
    silent: Callable[[str, Settings], Provider]
    """The vendor's; it is told under which name."""


_CATALOG: Final = {
    "databento": _Entry(databento.real, databento.silent),
    "databento_relay": _Entry(relay.real, relay.silent),
    "dhan": _Entry(dhan.real, dhan.silent),
    "kite": _Entry(kite.real, kite.silent),
    "simulator": _Entry(dhan.simulated, dhan.silent),
    "simulator2": _Entry(dhan.simulated_second, dhan.silent),
    "simulator_databento": _Entry(databento.simulated, databento.silent),
    "simulator_kite": _Entry(kite.simulated, kite.silent),
    "simulator_relay": _Entry(relay.simulated, relay.silent),
    "simulator_yahoo": _Entry(yahoo.simulated, yahoo.silent),
    "yahoo": _Entry(yahoo.real, yahoo.silent),
}


def configured_providers(
    settings: Settings, budget: Budget = UNSHARED, *, now_ns: Callable[[], int] = time.time_ns
) -> dict[str, Provider]:
    """The providers of the settings by name, the preferred one first.

    ``budget`` is what all processes may ask of them together; ``now_ns`` the clock that a record's reach is counted by.
    """
    around = Surroundings(budget, now_ns)
    return {name: _CATALOG[name].make(settings, around) for name in settings.providers}


def silent_provider(name: str, settings: Settings) -> Provider:
    """A provider's own reading of frames and its limits, without an account: it must not be connected to."""
    return _CATALOG[name].silent(name, settings)

"""Vendors: whose language each door speaks, and what opens its ports."""

from collections.abc import Callable
from importlib import import_module
from typing import Final, Protocol

import msgspec
import trio

from engine.providers.simulator.door import Door
from engine.providers.simulator.options import DoorOptions, SimulatorOptions
from engine.providers.simulator.speech import Speech


class DoorError(ValueError):
    """There is no such door."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"{self.__doc__} {detail}")


class Address(msgspec.Struct, frozen=True):
    """Where a door's live feed and its REST calls are, as the vendor's adapter wants to be told."""

    feed_url: str
    rest_url: str


class Serve(Protocol):
    """Opens a door's ports, tells where they are, and serves them until cancelled."""

    async def __call__(
        self,
        door: Door,
        options: SimulatorOptions,
        ports: DoorOptions,
        *,
        task_status: trio.TaskStatus[Address],
    ) -> None: ...


class Vendor(msgspec.Struct, frozen=True):
    """How the exchange plays a vendor."""

    speech: Callable[[], Speech]
    serve: Serve


_MODULES: Final = {
    "simulator": "dhan",
    "simulator2": "dhan",
    "simulator_kite": "kite",
    "simulator_yahoo": "yahoo",
    "simulator_databento": "databento",
    "simulator_relay": "databento.relay",
}
"""Imported when asked for, so that nobody loads what only another vendor needs."""


def vendor(name: str) -> Vendor:
    """The vendor of a door, by the door's name."""
    if name not in _MODULES:
        raise DoorError(f"Expected one of {', '.join(_MODULES)}, was {name!r}.")
    found: Vendor = import_module(f"engine.providers.simulator.{_MODULES[name]}.server").VENDOR
    return found

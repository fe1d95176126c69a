"""What a simulated exchange is started with."""

from pathlib import Path
from typing import Final

import msgspec

from engine.market.calendar import Calendar

STRIKES_EACH_SIDE: Final = 5
"""Of the option chains that every exchange lists, however short its list."""
SIMULATED_CLIENT_ID: Final = "1000000001"
SIMULATED_TOKEN: Final = "simulated-token"  # noqa: S105 - opens nothing but a market of made-up prices


class DoorOptions(msgspec.Struct, frozen=True):
    """One more provider that the exchange plays, on ports of its own; 0 takes free ones."""

    name: str
    feed_port: int = 0
    rest_port: int = 0
    volume_offset: int = 0
    """How much more than the others it has in each day's volume."""
    faults: str = ""


class SimulatorOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Where the exchange listens, what it trades, and what goes wrong."""

    host: str = "127.0.0.1"
    feed_port: int = 0
    """0 takes a free one."""
    rest_port: int = 0
    client_id: str = SIMULATED_CLIENT_ID
    token: str = SIMULATED_TOKEN
    seed: int = 1
    instruments: int = 200
    strikes: int = STRIKES_EACH_SIDE
    """On either side of the money of each option chain; those beyond the usual come on top of the instruments, if these have the usual."""
    ticks_per_second: float | None = None
    """Of all instruments together; None is one for each."""
    calendar: Calendar | None = None
    """When the exchange trades; None is always."""
    recordings: tuple[Path, ...] = ()
    """Files to replay instead of a synthetic market."""
    rebase: bool = False
    """Move the recordings in time, by whole minutes, so that they begin within the next one."""
    hold: bool = False
    """Let the exchange's clock stand still until the first client has subscribed."""
    start_ns: int | None = None
    """What the exchange's clock shows at the start; None is now, or where the recordings begin."""
    began_ns: int | None = None
    """What the machine's clock showed then; None is now. At speed, a moment's delay would be minutes."""
    speed: float = 1.0
    """Seconds that pass on the exchange's clock in a real one."""
    faults: str = ""
    """What goes wrong and when, as in ``close@30,freeze@60+15``, in real seconds since the start."""
    rate_limits: bool = False
    """Hold REST callers to the documented limits."""
    doors: tuple[DoorOptions, ...] = ()
    """Providers beside ``simulator``; without being named here, ``simulator2`` is a record without a feed."""
    world: bool = False
    """List what is traded elsewhere, too: shares of New York, futures of Chicago; after all the others."""

    def __post_init__(self) -> None:
        for name in ("instruments", "ticks_per_second", "speed"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ValueError(f"the simulator's {name} must be more than 0, was {value:g}")

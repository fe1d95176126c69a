"""The tick: one trade or price change of one instrument, as every provider's decoder hands it on."""

import msgspec


class Tick(msgspec.Struct, frozen=True, gc=False):
    """One immutable observation of an instrument's market.

    Prices are in the instrument's currency, rounded to its tick size. Quantities are in units traded (shares or
    contracts, not lots). Times are nanoseconds since the epoch, UTC. ``None`` means that the provider did not say.
    """

    instrument: str
    """Canonical name, ``EXCHANGE:SYMBOL``."""
    price: float
    size: int
    """Quantity of the last trade; 0 when the tick is no trade."""
    volume: int | None
    """Cumulative volume of the session; ``None`` when the feed carries none (ticker mode)."""
    ts_event: int
    """The exchange's time of the trade."""
    ts_recv: int
    """Our time of receipt."""
    provider: str
    open_interest: int | None = None
    bid: float | None = None
    ask: float | None = None
    day_open: float | None = None
    day_high: float | None = None
    day_low: float | None = None
    previous_close: float | None = None

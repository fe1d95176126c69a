"""The option chain: all options of one underlying that expire on one day, by strike."""

from datetime import date

import msgspec


class Greeks(msgspec.Struct, frozen=True, gc=False):
    """How an option's price answers changes, as the provider reckons. ``None``: it did not say."""

    delta: float | None = None
    theta: float | None = None
    gamma: float | None = None
    vega: float | None = None


class OptionLeg(msgspec.Struct, frozen=True, kw_only=True):
    """One option of a chain. ``None`` means that the provider did not say; quantities are in units."""

    provider_symbol: str | None = None
    """The provider's name for it, unique in the segment of derivatives."""
    price: float | None = None
    average_price: float | None = None
    bid: float | None = None
    bid_quantity: int | None = None
    ask: float | None = None
    ask_quantity: int | None = None
    volume: int | None = None
    open_interest: int | None = None
    implied_volatility: float | None = None
    """Per cent a year."""
    greeks: Greeks = Greeks()
    previous_close: float | None = None
    previous_volume: int | None = None
    previous_open_interest: int | None = None


class Strike(msgspec.Struct, frozen=True):
    """Both options of a strike; far from the money one of them may be missing."""

    price: float
    call: OptionLeg | None = None
    put: OptionLeg | None = None


class OptionChain(msgspec.Struct, frozen=True):
    """A chain as its provider told it."""

    underlying: str
    """Canonical name, ``EXCHANGE:SYMBOL``."""
    expiry: date
    price: float | None
    """The underlying's."""
    strikes: tuple[Strike, ...]
    """Lowest first."""
    provider: str

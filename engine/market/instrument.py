"""The instrument: what can be traded or watched, and by which name it goes here."""

from datetime import date
from enum import StrEnum

import msgspec


class InstrumentKind(StrEnum):
    """What an instrument is."""

    EQUITY = "equity"
    INDEX = "index"
    FUTURE = "future"
    OPTION = "option"


class OptionType(StrEnum):
    """Which right an option gives."""

    CALL = "CE"
    PUT = "PE"


class Instrument(msgspec.Struct, frozen=True):
    """One instrument as the database knows it. Prices in the exchange's currency, quantities in units traded."""

    id: int
    exchange: str
    symbol: str
    name: str
    kind: InstrumentKind
    tick_size: float
    lot_size: int = 1
    expiry: date | None = None
    strike: float | None = None
    option_type: OptionType | None = None
    underlying: str | None = None
    """The symbol a derivative depends on, without exchange."""

    @property
    def canonical(self) -> str:
        """``EXCHANGE:SYMBOL``, the name used everywhere."""
        return f"{self.exchange}:{self.symbol}"

    @property
    def is_derivative(self) -> bool:
        return self.kind in (InstrumentKind.FUTURE, InstrumentKind.OPTION)

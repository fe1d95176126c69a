"""The legs of a chain: which options there are, and the place of each in its columns."""

from collections.abc import Iterable
from datetime import date

import numpy as np

from engine.market.instrument import Instrument, InstrumentKind, OptionType


class ChainLegs:
    """The options that expire on one day, by strike. In every column the calls come first, the puts after them.

    A strike has a place for both options, also where one of them is not listed.
    """

    def __init__(self, contracts: Iterable[Instrument], expiry: date) -> None:
        options = [
            (contract.strike, contract.option_type, contract.canonical)
            for contract in contracts
            if contract.kind is InstrumentKind.OPTION and contract.expiry == expiry and contract.strike
        ]
        strikes = sorted({strike for strike, _, _ in options})
        self.strikes = np.array(strikes, np.float64)
        """Lowest first."""
        self.strike = np.tile(self.strikes, 2)
        """Of every place."""
        self.is_call = np.repeat((True, False), len(strikes))
        self._rows = {strike: row for row, strike in enumerate(strikes)}
        self.places = {name: self._place(strike, option_type) for strike, option_type, name in options}
        """Of the options that are listed, by canonical name."""
        self.names: list[str | None] = [None] * (2 * len(strikes))
        """Canonical names by place; None where no option is listed."""
        for name, place in self.places.items():
            self.names[place] = name

    def _place(self, strike: float, option_type: OptionType | None) -> int:
        return self._rows[strike] + (len(self._rows) if option_type is OptionType.PUT else 0)

    def __len__(self) -> int:
        return len(self.names)

    def place(self, strike: float, option_type: OptionType) -> int | None:
        """Where an option is, or None when it is not listed."""
        place = self._place(strike, option_type) if strike in self._rows else None
        return None if place is None or self.names[place] is None else place

    def nearest(self, price: float) -> int | None:
        """The row of the strike nearest to a price, the lower of two; None without strikes."""
        return int(np.argmin(np.abs(self.strikes - price))) if len(self.strikes) else None

    def around(self, price: float, width: int) -> list[str]:
        """The options of the strike nearest to a price and of ``width`` strikes on either side of it."""
        middle = self.nearest(price)
        if middle is None:
            return []
        rows = range(max(0, middle - width), min(len(self.strikes), middle + width + 1))
        places = (place for row in rows for place in (row, row + len(self.strikes)))
        return [name for name in map(self.names.__getitem__, places) if name is not None]

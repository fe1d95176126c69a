"""What can go wrong in the market domain: one base, and each error says its sentence."""


class MarketError(Exception):
    """The market domain refused a value."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(f"{self.__doc__} {detail}".strip())


class TimeframeError(MarketError):
    """Unknown timeframe:"""


class CalendarError(MarketError):
    """The exchange calendar can not be used:"""


class SymbolError(MarketError):
    """Unknown symbol:"""

    def __init__(self, detail: str = "", near: tuple[str, ...] = ()) -> None:
        super().__init__(f"{detail}; did you mean {', '.join(near)}?" if near else detail)
        self.near = near
        """Known names that look like the one asked for, the likeliest first."""


class StateError(MarketError):
    """The stored state can not be resumed from:"""

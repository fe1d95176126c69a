"""Resolutions: timeframes as the charting library writes them."""

from typing import Final

INTRADAY: Final = {"1": "1m", "5": "5m", "15": "15m", "30": "30m", "60": "1h", "240": "4h"}
"""The multiples of a minute that we have; the library makes others of them."""
RESOLUTIONS: Final = (*INTRADAY, "1D", "1W", "1M")
"""What a chart may be switched to. Weeks and months the library makes of days, and never asks us for."""
_DAYS: Final = ("D", "1D")


def timeframe_of_resolution(resolution: str) -> str | None:
    """The timeframe; None for what is not kept."""
    return "1d" if resolution in _DAYS else INTRADAY.get(resolution)

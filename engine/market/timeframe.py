"""The timeframes candles are built for, and the many ways people write them."""

import re

from engine.market.errors import TimeframeError

TIMEFRAMES = ("1m", "5m", "15m", "30m", "1h", "4h", "1d")
DERIVED_TIMEFRAMES = TIMEFRAMES[1:]
"""All but the one-minute candles, which alone are built from ticks."""

MINUTE_NS = 60_000_000_000

_LENGTH_S = {"1m": 60, "5m": 300, "15m": 900, "30m": 1800, "1h": 3600, "4h": 14400, "1d": 86400}
_BY_LENGTH = {length: timeframe for timeframe, length in _LENGTH_S.items()}
_UNIT_S = {
    **dict.fromkeys(("", "m", "min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hr", "hour", "hours", "hourly"), 3600),
    **dict.fromkeys(("d", "day", "days", "daily"), 86400),
}
_WRITTEN = re.compile(r"([0-9]{0,4})\s*([A-Za-z]*)")


def parse_timeframe(text: str) -> str:
    """The timeframe somebody meant by ``5m``, ``5``, ``5Min``, ``60``, ``1H``, ``D`` or ``day``; ``M`` is a month, and refused."""
    written = _WRITTEN.fullmatch(text.strip())
    if written is None or not (text.strip() and (length := _length(*written.groups())) in _BY_LENGTH):
        raise TimeframeError(f"{text!r}; known are {', '.join(TIMEFRAMES)}")
    return _BY_LENGTH[length]


def _length(count: str, unit: str) -> int:
    if unit == "M":  # folding the case would turn TradingView's month into a minute
        return 0
    return int(count or "1") * _UNIT_S.get(unit.casefold(), 0)


def length_s(timeframe: str) -> int:
    """The nominal length of a bucket in seconds; one day counts 86,400 whatever the exchange's hours."""
    return _LENGTH_S[timeframe]

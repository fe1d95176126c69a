"""Yahoo's message of a price, as yfinance defines it: read from that package's folder, without the package.

Importing yfinance takes two seconds and 100 MB (pandas above all); the one generated file that a decoder needs asks for
nothing but protobuf. Whoever imports yfinance later in the same process gets the very same class.
"""

from functools import cache
from importlib import import_module
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, Protocol, Self, cast

_FILE = "pricing_pb2.py"


class PricingData(Protocol):
    """What is told of one instrument. Fields are sparse: zero, or an empty text, stands for one that was not sent.

    Prices are 32-bit floats; quantities in units traded.
    """

    id: str
    """Yahoo's symbol, as ``RELIANCE.NS``."""
    price: float
    time: int
    """Of the trade, in milliseconds since the epoch, UTC."""
    currency: str
    exchange: str
    quote_type: int
    market_hours: int
    """0 before the regular session, 1 in it, 2 after it."""
    change_percent: float
    day_volume: int
    """Running total of the day."""
    day_high: float
    day_low: float
    change: float
    """Since the previous close; outside the regular session since that session's close."""
    open_price: float
    previous_close: float
    open_interest: int
    last_size: int
    bid: float
    ask: float
    price_hint: int
    """How many decimals are shown."""
    vol_24hr: int
    """Traded in the last 24 hours; only of what never closes."""

    @classmethod
    def FromString(cls, data: bytes) -> Self:  # noqa: N802 - protobuf's name
        """Raises protobuf's ``DecodeError`` for what is no such message."""
        ...

    def SerializeToString(self) -> bytes: ...  # noqa: N802 - protobuf's name


@cache
def pricing_type() -> type[PricingData]:
    """The message's class, loaded when first needed (0.1 s)."""
    package = find_spec("yfinance")
    if package is None or package.origin is None:
        raise ImportError("the package yfinance is not installed: what Yahoo sends can not be read without it")
    return cast("type[PricingData]", _load(Path(package.origin).with_name(_FILE)).PricingData)


@cache
def decode_error() -> type[Exception]:
    """What is raised for bytes that are no such message."""
    return import_module("google.protobuf.message").DecodeError


def _load(path: Path) -> Any:
    spec = spec_from_file_location("engine.providers.yahoo.pricing_pb2", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"this yfinance has no {path.name}: another version is needed")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

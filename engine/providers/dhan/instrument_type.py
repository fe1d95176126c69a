"""The type Dhan's chart calls want beside segment and id: ``EQUITY``, ``FUTIDX``, ``OPTSTK`` and so on."""

from typing import Final

from engine.market.errors import SymbolError
from engine.market.symbols import parse_symbol
from engine.providers.base import Route

INDEX_UNDERLYINGS: Final = frozenset(
    ("NIFTY", "BANKNIFTY", "FINNIFTY", "MIDCPNIFTY", "NIFTYNXT50", "SENSEX", "BANKEX", "SENSEX50")
)
"""The indices that have derivatives: a canonical name alone does not tell NIFTY from a share."""

_TYPES: Final[dict[str, tuple[str, str]]] = {
    "MCX_COMM": ("FUTCOM", "OPTFUT"),
    "NSE_CURRENCY": ("FUTCUR", "OPTCUR"),
    "BSE_CURRENCY": ("FUTCUR", "OPTCUR"),
}
_ON_INDEX: Final = ("FUTIDX", "OPTIDX")
_ON_SHARE: Final = ("FUTSTK", "OPTSTK")


def is_derivative(route: Route) -> bool:
    return route.kind in ("future", "option")


def instrument_type(route: Route) -> str:
    """Dhan's type of a route's instrument."""
    if not is_derivative(route):
        return route.kind.upper()
    on = _ON_INDEX if _underlying(route) in INDEX_UNDERLYINGS else _ON_SHARE
    future, option = _TYPES.get(route.segment, on)
    return future if route.kind == "future" else option


def _underlying(route: Route) -> str | None:
    try:
        return parse_symbol(route.instrument).underlying
    except SymbolError:
        return None

"""How Yahoo writes what we call ``NSE:RELIANCE``: by rule, there is no list."""

import re
from typing import Final

from engine.market.instrument import InstrumentKind
from engine.market.symbols import parse_symbol

_SUFFIXES: Final = {"NSE": ".NS", "BSE": ".BO"}
_AMERICAN: Final = ("NASDAQ", "NYSE")
"""Shares without a suffix; a class of them stands after a dash, where others write a dot."""
_FUTURES: Final = ("COMEX", "NYMEX", "CME")
_CONTINUOUS: Final = "=F"
_INDICES: Final = {
    "NSE:NIFTY": "^NSEI",
    "NSE:BANKNIFTY": "^NSEBANK",
    "NSE:FINNIFTY": "NIFTY_FIN_SERVICE.NS",
    "BSE:SENSEX": "^BSESN",
}
"""These have names of Yahoo's own; an index that is not here is not guessed."""
_BY_INDEX: Final = {symbol: instrument for instrument, symbol in _INDICES.items()}
_SYMBOL: Final = re.compile(r"[A-Z0-9^][A-Z0-9^=.&_-]{0,39}")


def is_symbol(text: str) -> bool:
    """Whether Yahoo could have such a symbol."""
    return _SYMBOL.fullmatch(text) is not None


def provider_symbol(instrument: str, kind: InstrumentKind | str | None = None) -> str | None:
    """Yahoo's symbol of an instrument by canonical name; ``None`` for what it does not have.

    ``COMEX:GC`` and ``COMEX:GC1!`` are the contract that is front right now (``GC=F``); there is no second one. ``kind``
    tells an index from a share where the name alone does not.
    """
    if instrument in _INDICES:
        return _INDICES[instrument]
    symbol = parse_symbol(instrument)
    exchange, name = symbol.exchange or "", symbol.name
    found = None
    if exchange in _FUTURES:
        if symbol.expiry is None and symbol.rank in (None, 1):
            found = f"{symbol.underlying or name}{_CONTINUOUS}"
    elif symbol.kind is None and kind in (None, InstrumentKind.EQUITY):
        if exchange in _SUFFIXES:
            found = name + _SUFFIXES[exchange]
        elif exchange in _AMERICAN:
            found = name.replace(".", "-")
    return found if found is not None and is_symbol(found) else None


def canonical_name(exchange: str, symbol: str) -> str | None:
    """Our name of one of Yahoo's symbols at an exchange; ``None`` where the two do not go together."""
    if symbol in _BY_INDEX:
        instrument = _BY_INDEX[symbol]
        return instrument if instrument.startswith(f"{exchange}:") else None
    if exchange in _FUTURES:
        return f"{exchange}:{symbol.removesuffix(_CONTINUOUS)}" if symbol.endswith(_CONTINUOUS) else None
    if exchange in _SUFFIXES:
        suffix = _SUFFIXES[exchange]
        return f"{exchange}:{symbol.removesuffix(suffix)}" if symbol.endswith(suffix) else None
    plain = exchange in _AMERICAN and not set(symbol) & set("^=.")
    return f"{exchange}:{symbol.replace('-', '.')}" if plain else None

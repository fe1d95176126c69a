"""How Databento writes what we call ``COMEX:GC``: by rule, there is no list."""

import re
from datetime import date
from typing import Final

from engine.market.instrument import InstrumentKind
from engine.market.symbols import Symbol, parse_symbol

FUTURES_DATASET: Final = "GLBX.MDP3"
EQUITIES_DATASET: Final = "EQUS.MINI"
DATASETS: Final = {
    "CME": FUTURES_DATASET,
    "COMEX": FUTURES_DATASET,
    "NYMEX": FUTURES_DATASET,
    "NASDAQ": EQUITIES_DATASET,
    "NYSE": EQUITIES_DATASET,
}
"""Where the instruments of an exchange are found."""

_MONTHS: Final = "FGHJKMNQUVXZ"
_CONTINUOUS: Final = re.compile(r"(?P<root>[A-Z0-9]{1,6})\.[cnv]\.(?P<rank>[0-8])")
_RAW: Final = re.compile(r"[A-Z0-9][A-Z0-9.+ /-]{0,20}")
_DELIVERED_AFTER_EXPIRY: Final = frozenset({"CL", "MCL", "QM", "HO", "RB", "NG", "MNG", "QG", "BZ"})
"""Trading in these ends in the month before the one they are named after."""


def stype_of(symbol: str) -> str | None:
    """In which of its languages Databento understands a symbol: ``continuous``, ``raw_symbol``; in none: ``None``."""
    if _CONTINUOUS.fullmatch(symbol):
        return "continuous"
    return "raw_symbol" if _RAW.fullmatch(symbol) else None


def provider_symbol(instrument: str) -> str | None:
    """Databento's symbol of an instrument by canonical name; ``None`` for what it does not have.

    ``COMEX:GC`` and ``COMEX:GC1!`` are the contract that expires next (``GC.c.0``), ``COMEX:GC2!`` the one after;
    ``COMEX:GC29DEC26FUT`` is that contract itself (``GCZ6``).
    """
    symbol = parse_symbol(instrument)
    dataset = DATASETS.get(symbol.exchange or "")
    if dataset == EQUITIES_DATASET:
        return symbol.name if symbol.kind is None else None
    if dataset is None or symbol.kind is InstrumentKind.OPTION:
        return None
    if symbol.expiry is not None:
        return _contract(symbol, symbol.expiry)
    return f"{symbol.underlying or symbol.name}.c.{(symbol.rank or 1) - 1}"


def canonical_name(exchange: str, symbol: str) -> str | None:
    """Our name of one of Databento's symbols; a contract's needs its day of expiry and is not told by rule."""
    dataset = DATASETS.get(exchange)
    if dataset == EQUITIES_DATASET:
        return f"{exchange}:{symbol}"
    found = _CONTINUOUS.fullmatch(symbol)
    if dataset is None or found is None:
        return None
    rank = int(found["rank"])
    return f"{exchange}:{found['root']}" + (f"{rank + 1}!" if rank else "")


def _contract(symbol: Symbol, expiry: date) -> str:
    """Root, letter of the month and last digit of the year."""
    months = expiry.year * 12 + expiry.month - 1 + (symbol.underlying in _DELIVERED_AFTER_EXPIRY)
    return f"{symbol.underlying}{_MONTHS[months % 12]}{months // 12 % 10}"

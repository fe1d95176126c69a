"""Providers that publish no list: how they call an instrument follows from our own name of it."""

import tomllib
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from importlib.resources import files
from typing import Final

import msgspec

from engine.market import Instrument
from engine.market.instrument import InstrumentKind
from engine.market.symbols import parse_symbol
from engine.providers.databento.symbols import provider_symbol as databento_symbol
from engine.providers.yahoo.symbols import provider_symbol as yahoo_symbol
from engine.storage.durable import ProviderMapping

EVER: Final = date(1970, 1, 1)
"""Since when such names hold: no other instrument was ever meant by them."""
_ADDABLE: Final = ("NASDAQ", "NYSE")
"""Where a symbol is all there is to say: what trades there trades in cents, and singly."""
_CENT: Final = 0.01
_RELAYED: Final = ("COMEX", "NYMEX", "CME")

Rule = Callable[[Instrument], str | None]
"""The provider's symbol of an instrument; ``None`` for what it does not carry."""


def _databento(instrument: Instrument) -> str | None:
    return databento_symbol(instrument.canonical)


def _relay(instrument: Instrument) -> str | None:
    """The front month, by the exchange's own symbol."""
    is_front = instrument.kind is InstrumentKind.FUTURE and instrument.expiry is None
    return instrument.symbol if is_front and instrument.exchange in _RELAYED else None


def _yahoo(instrument: Instrument) -> str | None:
    return yahoo_symbol(instrument.canonical, instrument.kind)


RULES: Final[Mapping[str, Rule]] = {"databento": _databento, "databento_relay": _relay, "yahoo": _yahoo}
"""By provider."""


class AddError(ValueError):
    """A symbol that can not be added by its name alone; it says why."""


def mapped_by_rule(
    provider: str, instruments: Iterable[Instrument], exchanges: frozenset[str] | None = None
) -> list[ProviderMapping]:
    """How the provider calls those of the instruments that it carries, on these exchanges alone where some are named."""
    rule = RULES[provider]
    named = ((one, rule(one)) for one in instruments if exchanges is None or one.exchange in exchanges)
    return [ProviderMapping(provider, one.canonical, one.exchange, symbol, EVER) for one, symbol in named if symbol]


def known_instruments(provider: str, exchanges: frozenset[str] | None = None) -> list[Instrument]:
    """What comes with the program of the instruments that the provider carries."""
    text = files("config").joinpath("seed", "instruments.toml").read_text(encoding="utf-8")
    listed = [
        msgspec.convert({"id": 0, "exchange": exchange, **row}, Instrument)
        for exchange, rows in tomllib.loads(text).items()
        for row in rows
        if exchanges is None or exchange in exchanges
    ]
    return [one for one in listed if RULES[provider](one)]


def share_of(name: str) -> Instrument:
    """A share of New York by its canonical name, ``NASDAQ:PLTR``. Raises AddError, and SymbolError for what is no name."""
    symbol = parse_symbol(name)
    if symbol.exchange not in _ADDABLE or symbol.kind is not None:
        raise AddError(f"{name!r}: only shares of {' and '.join(_ADDABLE)} are added by name, as NASDAQ:PLTR")
    return Instrument(0, symbol.exchange, symbol.name, symbol.name, InstrumentKind.EQUITY, _CENT)

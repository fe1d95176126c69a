"""The screeners: lists of instruments that are looked at together, as they are configured."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from config.errors import SettingsError
from config.screeners import VARIABLE, load_screeners
from engine.market.errors import SymbolError
from engine.market.symbols import parse_symbol
from web.prices import MOST_KEYS

_ID = re.compile(r"[a-z][a-z0-9_-]{0,31}")


class Screener(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One list."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    instruments: Annotated[tuple[str, ...], Meta(min_length=1, max_length=MOST_KEYS)]
    """Canonical names."""
    description: Annotated[str, Meta(max_length=1_000)] = ""


def configured_screeners(own: Path | None) -> dict[str, Screener]:
    """All lists by id; raises SettingsError with a sentence when the own file can not be used."""
    return {identity: _screener(identity, written) for identity, written in load_screeners(own).items()}


def _screener(identity: str, written: Mapping[str, Any]) -> Screener:
    if not _ID.fullmatch(identity):
        raise SettingsError(f"{VARIABLE}: expected a name of small letters, digits, - and _, was [{identity}].")
    try:
        screener = msgspec.convert(written, Screener)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{VARIABLE}: [{identity}]: {error}.") from None
    for instrument in screener.instruments:
        if not _is_canonical(instrument):
            raise SettingsError(f"{VARIABLE}: [{identity}]: expected EXCHANGE:SYMBOL, was {instrument!r}.")
    return screener


def _is_canonical(instrument: str) -> bool:
    try:
        symbol = parse_symbol(instrument)
    except SymbolError:
        return False
    return symbol.exchange is not None and symbol.canonical == instrument

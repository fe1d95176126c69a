"""The screeners that are configured: lists of instruments that are looked at together, and what is looked for in them."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from config.errors import SettingsError
from config.screeners import VARIABLE, load_screeners
from engine.screening.definition import MOST_INSTRUMENTS, Definition, Universe
from engine.screening.errors import DefinitionError
from engine.screening.reading import checked, is_canonical

_ID = re.compile(r"[a-z][a-z0-9_-]{0,31}")


class Screener(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of them. A definition that names no universe is about the list."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    instruments: Annotated[tuple[str, ...], Meta(max_length=MOST_INSTRUMENTS)] = ()
    """Canonical names."""
    description: Annotated[str, Meta(max_length=1_000)] = ""
    definition: Definition | None = None


def configured_screeners(own: Path | None) -> dict[str, Screener]:
    """All of them by id; raises SettingsError with a sentence when the own file can not be used."""
    found = {identity: _screener(identity, written) for identity, written in load_screeners(own).items()}
    lists = {identity for identity, one in found.items() if one.instruments}
    for identity, one in found.items():
        if one.definition and one.definition.universe.list not in (None, *lists):
            raise _wrong(identity, f"definition.universe.list: there is no list {one.definition.universe.list!r}")
    return found


def _screener(identity: str, written: Mapping[str, Any]) -> Screener:
    if not _ID.fullmatch(identity):
        raise SettingsError(f"{VARIABLE}: expected a name of small letters, digits, - and _, was [{identity}].")
    try:
        screener = msgspec.convert(written, Screener)
    except msgspec.ValidationError as error:
        raise _wrong(identity, str(error)) from None
    for instrument in screener.instruments:
        if not is_canonical(instrument):
            raise _wrong(identity, f"expected EXCHANGE:SYMBOL, was {instrument!r}")
    if screener.definition is None:
        if not screener.instruments:
            raise _wrong(identity, "expected instruments, a definition or both")
        return screener
    return msgspec.structs.replace(screener, definition=_definition(identity, screener, screener.definition))


def _definition(identity: str, screener: Screener, written: Definition) -> Definition:
    if screener.instruments and written.universe == Universe():
        written = msgspec.structs.replace(written, universe=Universe(list=identity))
    try:
        return checked(written)
    except DefinitionError as error:
        raise _wrong(identity, "; ".join(f"definition.{problem}" for problem in error.problems)) from None


def _wrong(identity: str, words: str) -> SettingsError:
    return SettingsError(f"{VARIABLE}: [{identity}]: {words}.")

"""The exchange calendars that come with the program: one TOML file an exchange in ``config/calendars``."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

_FOLDER = files("config").joinpath("calendars")


def calendar_codes() -> list[str]:
    """The exchanges that have a calendar, sorted."""
    return sorted(file.name.removesuffix(".toml") for file in _FOLDER.iterdir() if file.name.endswith(".toml"))


def load_calendar(code: str) -> Mapping[str, Any]:
    """The calendar of an exchange, for ``Calendar.parse``; one that follows another is completed from it."""
    file = _FOLDER.joinpath(f"{code}.toml")
    if code not in calendar_codes():
        raise LookupError(f"There is no calendar of the exchange {code!r}; there are {', '.join(calendar_codes())}.")
    own = tomllib.loads(file.read_text(encoding="utf-8"))
    followed = own.pop("follows", None)
    return own if followed is None else {**load_calendar(followed), **own}

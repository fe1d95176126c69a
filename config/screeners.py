"""The screeners' lists that come with the program, in ``config/screeners.toml``, and those of an own file."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from config.own_file import read_own

VARIABLE = "TICKTREE_SCREENERS"
_SHIPPED = files("config").joinpath("screeners.toml")


def load_screeners(own: Path | None) -> Mapping[str, Any]:
    """The lists by id, as they are written; raises SettingsError when the own file can not be read."""
    shipped = tomllib.loads(_SHIPPED.read_text(encoding="utf-8"))
    return shipped if own is None else {**shipped, **read_own(VARIABLE, own)}

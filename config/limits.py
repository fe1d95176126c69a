"""The limits that come with the program, in ``config/limits.toml``, and an own file that changes some of them."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

from config.own_file import read_own

_SHIPPED = files("config").joinpath("limits.toml")


def load_limits(own: Path | None) -> Mapping[str, Any]:
    """The limits for ``LimitTable.parse``; raises SettingsError when the own file can not be read."""
    shipped = tomllib.loads(_SHIPPED.read_text(encoding="utf-8"))
    if own is None:
        return shipped
    return _merged(shipped, read_own("TICKTREE_LIMITS", own))


def _merged(shipped: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The own file's entries, and beside them what it does not speak of."""
    merged: dict[str, Any] = {**shipped}
    for name, value in own.items():
        before = shipped.get(name)
        both = isinstance(before, dict) and isinstance(value, dict)
        merged[name] = _merged(cast("dict[str, Any]", before), cast("dict[str, Any]", value)) if both else value
    return merged

"""The sheet: what kind of rows an answer holds, and what their columns are called."""

from collections.abc import Mapping
from typing import Final

import msgspec

TIME_UNITS: Final = ("ms", "us")


class Sheet(msgspec.Struct, frozen=True):
    """Rows of one kind, each a struct with these columns in this order."""

    name: str
    """Under which answers have them."""
    columns: Mapping[str, str]
    """Each column's type as Arrow calls it; ``ms`` and ``us`` are times since 1970, UTC."""

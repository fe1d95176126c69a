"""What TradingView's charting library is answered, where no type of ours stands behind it."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec


class Config(msgspec.Struct, frozen=True):
    """What there is to ask for."""

    supports_search: bool
    supports_group_request: bool
    supports_marks: bool
    supports_timescale_marks: bool
    supports_time: bool
    supported_resolutions: list[str]
    exchanges: list[dict[str, str]]
    symbols_types: list[dict[str, str]]


class MarkColumns(msgspec.Struct, frozen=True):
    """Marks, a list for each of their properties."""

    id: list[str]
    time: list[int]
    color: list[str]
    text: list[str]
    label: list[str]
    labelFontColor: list[str]  # noqa: N815 - the protocol's name
    minSize: list[int]  # noqa: N815 - the protocol's name


class TimescaleMark(msgspec.Struct, frozen=True):
    """Something to be said of a time."""

    id: str
    time: int
    color: str
    label: str
    tooltip: list[str]


class Quote(msgspec.Struct, frozen=True):
    """A symbol's quote, or why there is none."""

    s: Literal["ok", "error"]
    n: str
    v: Mapping[str, Any]
    errmsg: str = ""


class Quotes(msgspec.Struct, frozen=True):
    """The quotes in the order in which they were asked for."""

    s: Literal["ok"]
    d: list[Quote]

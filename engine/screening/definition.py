"""Definitions: what a screener looks for, as data."""

from enum import StrEnum
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from engine.market.adjustment import Adjustment

MOST_INSTRUMENTS: Final = 1_000
MOST_RESULTS: Final = 1_000

Written = Annotated[
    str,
    Meta(
        min_length=1, max_length=100, description="An indicator: `close`, `rsi(14)`, or `sma(50)[5]` for five bars ago."
    ),
]
Value = float | Written
Ends = Annotated[tuple[Value, ...], Meta(min_length=2, max_length=2)]
"""Not ``tuple[Value, Value]``: beside a text with limits msgspec 0.22 loses its place among the types, and the collector crashes."""
Name = Annotated[str, Meta(min_length=1, max_length=100)]


class Comparison(StrEnum):
    """How two values are compared. A crossing is one that the newest bar made."""

    ABOVE = ">"
    AT_LEAST = ">="
    BELOW = "<"
    AT_MOST = "<="
    BETWEEN = "between"
    OUTSIDE = "outside"
    CROSSES_ABOVE = "crosses_above"
    CROSSES_BELOW = "crosses_below"

    @property
    def takes_two(self) -> bool:
        """Whether it compares with two ends, which belong to what is between them."""
        return self in (Comparison.BETWEEN, Comparison.OUTSIDE)


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a definition is made of: a field that is not known is refused."""


class Condition(_Part, frozen=True):
    """A comparison of ``left`` with ``right``, or several conditions of which ``all`` or ``any`` have to hold."""

    left: Written | None = None
    comparison: Comparison | None = msgspec.field(default=None, name="is")
    right: Value | Ends | None = None
    all: tuple["Condition", ...] | None = None
    any: tuple["Condition", ...] | None = None


class Universe(_Part, frozen=True):
    """Which instruments are looked at; each field that is given leaves fewer."""

    instruments: Annotated[tuple[Name, ...], Meta(max_length=MOST_INSTRUMENTS)] | None = None
    """Canonical names."""
    list: Annotated[Name | None, Meta(description="The instruments of a list that comes with the program.")] = None
    exchange: Name | None = None
    sector: Name | None = None
    kind: Annotated[
        Literal["equity", "index", "future", "option"] | None,
        Meta(description="Equities, where an exchange or a sector is named and nothing else is said."),
    ] = None


class Sort(_Part, frozen=True):
    """In which order the results come, before they are cut to the limit."""

    by: Written
    descending: bool = True


class Schedule(StrEnum):
    """When a screener is run without anybody's asking."""

    DAILY = "daily"


class Definition(_Part, frozen=True):
    """What a screener looks for, and when by itself."""

    where: Condition
    universe: Universe = Universe()
    timeframe: Annotated[str, Meta(max_length=10)] = "1d"
    sort: Annotated[Sort | None, Meta(description="By name, where nothing is said.")] = None
    limit: Annotated[int, Meta(ge=1, le=MOST_RESULTS)] = 100
    columns: Annotated[
        tuple[Written, ...], Meta(max_length=20, description="Shown beside what the conditions compare.")
    ] = ()
    adjustment: Annotated[
        Adjustment, Meta(description="What candles before an ex-date are adjusted for before anything is computed.")
    ] = Adjustment.SPLIT
    schedule: Annotated[
        Schedule | None,
        Meta(description="`daily`: by itself, once a trading day, when the day has been worked through."),
    ] = None

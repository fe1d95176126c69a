"""Results: what a screener found, and what it could say nothing of."""

from typing import Annotated

import msgspec
from msgspec import Meta


class Match(msgspec.Struct, frozen=True):
    """An instrument for which the conditions hold."""

    instrument: str
    time: Annotated[int, Meta(description="The open of its newest bar, unix milliseconds.")]
    close: float
    values: Annotated[
        tuple[float | None, ...], Meta(description="Of the columns, in their order; null: can not be computed.")
    ]


class Findings(msgspec.Struct, frozen=True):
    """What came of some instruments."""

    matches: tuple[Match, ...] = ()
    found: Annotated[int, Meta(description="How many hold, before they are cut to the limit.")] = 0
    examined: Annotated[int, Meta(description="Of how many that could be said.")] = 0
    undecided: Annotated[
        int, Meta(description="Of how many not: they have too few bars, or one that waits to be healed.")
    ] = 0
    stale: Annotated[int, Meta(description="How many have no bar of the last days; they do not count.")] = 0
    missing: Annotated[int, Meta(description="How many have no bar in the time that was looked at.")] = 0


class Result(Findings, frozen=True, kw_only=True):
    """The newest result of a screener."""

    finished: Annotated[int, Meta(description="Unix milliseconds.")]
    timeframe: str
    columns: list[str]

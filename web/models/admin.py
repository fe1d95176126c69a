"""What operators ask and are answered: trees of actors, commands, feeds, and stretches of history to be read again."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from engine.storage.durable import Job
from web.answers import DataKind
from web.openapi import Body, Query

Moment = Annotated[
    str,
    Meta(
        description="With its offset, as 2026-11-20T09:15:00Z; from 2000 to tomorrow.",
        extra_json_schema={"format": "date-time"},
    ),
]


class AuditQuery(Query, frozen=True, kw_only=True):
    """Which part of the log."""

    limit: Annotated[int, Meta(ge=1, le=1_000)] = 100
    page_token: str = ""


class Trees(msgspec.Struct, frozen=True):
    """The actor trees of all processes, summed up."""

    processes: Mapping[str, Mapping[str, Any]]
    data: DataKind


class Subtree(msgspec.Struct, frozen=True):
    """One process's actors from a path on, as they stood at a time (unix milliseconds)."""

    process: str
    time: int
    tree: Mapping[str, Any]


class Commanded(msgspec.Struct, frozen=True):
    """An actor did what an operator wanted."""

    process: str
    action: str
    path: Any


class OfEachProcess(msgspec.Struct, frozen=True):
    """The answers of some processes side by side; ``error`` of one that did not answer."""

    processes: Mapping[str, Any]


class StretchBody(Body, frozen=True, kw_only=True):
    """A stretch of history, of some instruments or of all."""

    start: Moment
    end: Moment
    symbols: Annotated[list[str] | None, Meta(description="All instruments when there are none.")] = None


class DayBody(Body, frozen=True, kw_only=True):
    """A trading day that is over."""

    exchange: Annotated[str, Meta(description="Its code, as `NSE`.", max_length=20)]
    date: Annotated[str, Meta(description="As 2026-11-20.", extra_json_schema={"format": "date"}, max_length=20)]


class Begun(msgspec.Struct, frozen=True):
    """A job that has begun; ``/jobs/{id}`` tells how far it is."""

    job: Job


class VolumeQuery(Query, frozen=True, kw_only=True):
    """Of which instruments."""

    symbols: Annotated[str, Meta(description="1 to 1,000 symbols, with commas.")]


class Volume(msgspec.Struct, frozen=True):
    """An instrument's session: its total, and what of all totals entered no candle or was taken back."""

    instrument: str
    volume: int | None
    unattributed: int | None
    corrections: int | None
    ts_event: int | None
    provider: str | None


class Feeds(msgspec.Struct, frozen=True):
    """Each feed's connections as the engine last told them, why, and how many instruments there are of each cause."""

    engine: str | None
    time: int | None
    feeds: Mapping[str, Any]
    causes: Mapping[str, int]
    packets: Mapping[str, Any]
    carried: Mapping[str, Mapping[str, int]]
    """By exchange, how many instruments each provider carries."""
    moves: Sequence[Mapping[str, Any]]
    """The newest passings from one provider to another, and why."""
    measures: Mapping[str, Mapping[str, float]]
    """Of each provider the lag of its ticks in ms, the 95th of a hundred too, and the share of minutes that were whole."""

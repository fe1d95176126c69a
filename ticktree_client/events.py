"""What a follower is told. Times are aware, in UTC; prices are in the instrument's currency; volumes in units traded."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

from ticktree_client.chains import Chain
from ticktree_client.depths import Depth

State: TypeAlias = Literal["forming", "final", "revised"]


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the server's stream of events. Kept and shown again, a follower goes on from there, on any web process."""

    epoch: str
    offset: str


@dataclass(frozen=True, slots=True)
class Candle:
    """A candle, known by its symbol, timeframe and ``time``, its open. A later ``revision`` replaces an earlier one."""

    symbol: str
    timeframe: str
    time: datetime
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    volume: int
    open_interest: int | None
    state: State
    revision: int
    source: str
    position: Position | None = None
    """Where to go on after it; None for what still forms, and where only a later one says it."""


@dataclass(frozen=True, slots=True)
class Price:
    """The newest price; prices that a newer one overtook on the way are not told."""

    symbol: str
    price: float
    size: int
    volume: int | None
    """Since the session opened."""
    time: datetime
    more: Mapping[str, Any]
    """What else the channel tells: bid and ask, the day's open, high and low."""


@dataclass(frozen=True, slots=True)
class Status:
    """How a feed or an instrument is, or, when it names neither, all of it: live, stale, backfilling, degraded, …"""

    status: str
    since: datetime
    why: str
    symbol: str
    feed: str


@dataclass(frozen=True, slots=True)
class Hole:
    """Stream events may be missing between two positions, and can not be had from the stream: read them from the past.

    Everything before it and everything after it is whole.
    """

    channels: tuple[str, ...]
    after: Position | None
    at: Position | None
    why: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A channel that is not followed, or another wish that was not carried out. ``temporary``: later it may be.

    ``channel`` is the channel's name as it was written; of another wish its symbol, or empty.
    """

    channel: str
    code: int
    message: str
    temporary: bool


@dataclass(frozen=True, slots=True)
class Conflated:
    """We read too slowly: newest values were overtaken by newer ones, ``lag_ms`` behind. Streams lost nothing."""

    count: int
    lag_ms: int


@dataclass(frozen=True, slots=True)
class Message:
    """What another channel tells (jobs, alerts, …), or, without a channel, the server to all."""

    channel: str
    data: Any
    position: Position | None = None


Event: TypeAlias = Candle | Chain | Depth | Price | Status | Hole | Refusal | Conflated | Message


def time_of(milliseconds: int) -> datetime:
    """A moment as the server writes it."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)

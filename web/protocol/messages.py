"""What clients can ask and what they are told, the same for all dialects."""

import msgspec

from web.protocol.channels import Item
from web.protocol.errors import Problem
from web.protocol.values import Status

RequestId = int | str | None


class Position(msgspec.Struct, frozen=True):
    """A place in the stream of events: where a client stands and resumes."""

    epoch: str
    offset: str


class Authenticate(msgspec.Struct, frozen=True):
    """Who the client is, by a token or a ticket."""

    token: str
    id: RequestId = None
    ticket: str = ""


class Subscribe(msgspec.Struct, frozen=True):
    """Follow channels, from ``since`` on when it is given."""

    items: tuple[Item, ...]
    since: Position | None = None
    id: RequestId = None


class Unsubscribe(msgspec.Struct, frozen=True):
    """Follow these channels no more."""

    items: tuple[Item, ...]
    id: RequestId = None


class GetHistory(msgspec.Struct, frozen=True):
    """A chart: its newest ``bars`` candles, and from there on what comes."""

    item: Item
    bars: int
    id: RequestId = None


class CloseChart(msgspec.Struct, frozen=True):
    """That chart no more."""

    item: Item
    id: RequestId = None


class Ping(msgspec.Struct, frozen=True):
    """Asks for an answer, whatever it is."""

    id: RequestId = None


Command = Authenticate | Subscribe | Unsubscribe | GetHistory | CloseChart | Ping


class Outcome(msgspec.Struct, frozen=True):
    """What became of one item of a request."""

    name: str
    instrument: str | None = None
    problem: Problem | None = None
    status: Status | None = None
    """How the instrument is, where that is known."""
    note: str = ""
    """What else there is to say of it."""


class Subscribed(msgspec.Struct, frozen=True):
    """The answer to a change of subscriptions: a result for each item, and all that is followed now.

    ``recovered`` is None when nothing was asked to be resumed; False promises a snapshot instead.
    """

    action: str
    outcomes: tuple[Outcome, ...]
    channels: tuple[str, ...]
    position: Position | None = None
    recovered: bool | None = None
    id: RequestId = None

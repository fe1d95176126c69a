"""Topics and views: the newest value of one thing, and each way of writing it that clients follow."""

from collections.abc import Sequence
from typing import Protocol

from web.protocol import Channel, Dialect, Encoding, Kind, Problem, Value

TopicKey = tuple[Kind, str, str]
"""Kind of value, instrument, timeframe or day of expiry; the two last are empty where they mean nothing.

Candles that a view shows have a topic of their own: ``1m?continuous=True&wick=0.5%``.
"""


class Follower(Protocol):
    """Who follows a view: an outbox, seen from here."""

    fresh: "list[View]"

    @property
    def instruments(self) -> frozenset[str]:
        """All it follows anything of."""
        ...

    def push(self, payload: bytes) -> None:
        """Takes an entry of a stream, which is kept in order and never conflated."""
        ...

    def send_problem(self, problem: Problem) -> None:
        """Takes the word that something is wrong."""
        ...


class Topic:
    """The newest value of one thing, with evidence: every value received was passed on or superseded by a newer one."""

    __slots__ = ("changed", "closed_ns", "key", "received", "superseded", "value", "views")

    def __init__(self, key: TopicKey) -> None:
        self.key = key
        self.value: Value | None = None
        self.changed = False
        self.closed_ns = -1
        """For candles, the open of the newest bucket that is final: nothing forms at or before it."""
        self.received = 0
        self.superseded = 0
        self.views: dict[tuple[str, str, int], View] = {}

    @property
    def instrument(self) -> str:
        return self.key[1]

    @property
    def timeframe(self) -> str:
        return self.key[2].partition("?")[0]

    def put(self, value: Value) -> bool:
        """Takes a newer value; True when it is the first since the last flush."""
        self.value = value
        self.received += 1
        if self.changed:
            self.superseded += 1
            return False
        self.changed = True
        return True

    def clear(self) -> None:
        """Forgets the value: something that is not a newest value took its place."""
        self.value = None
        self.superseded += self.changed
        self.changed = False
        for view in self.views.values():
            view.payload = None

    def distribute(self) -> None:
        """Writes the new value once per view and puts it before every follower."""
        if not self.changed:  # cleared since the flush began
            return
        self.changed = False
        for view in self.views.values():
            view.encode()
            for follower in view.followers:
                follower.fresh.append(view)

    def stream(self, value: Value, offset: str | None) -> None:
        """Puts an entry of a stream before every follower, written once per view; without an offset it is no position."""
        for view in self.views.values():
            payload = view.write(value, offset)
            for follower in view.followers:
                follower.push(payload)

    def view(self, channel: Channel, dialect: Dialect, encoding: Encoding) -> "View":
        """The view for clients that wrote the channel this way and speak this dialect."""
        key = (channel.name, dialect.name, id(encoding))
        if key not in self.views:
            self.views[key] = View(self, channel, dialect, encoding)
        return self.views[key]

    def drop(self, view: "View") -> None:
        """Forgets a view nobody follows."""
        self.views = {key: kept for key, kept in self.views.items() if kept is not view}


class View:
    """A topic as some clients read it: one spelling, one dialect, one encoding; written once for all of them."""

    __slots__ = ("channel", "dialect", "encoding", "followers", "payload", "render", "topic")

    def __init__(self, topic: Topic, channel: Channel, dialect: Dialect, encoding: Encoding) -> None:
        self.topic = topic
        self.channel = channel
        self.dialect = dialect
        self.encoding = encoding
        self.render = dialect.renders[channel.kind]
        self.payload: bytes | None = None
        self.followers: dict[Follower, None] = {}

    def write(self, value: Value, offset: str | None) -> bytes:
        push = self.render(self.channel, self.topic.instrument, value, offset)
        return self.dialect.part(self.encoding, push)

    def encode(self) -> None:
        """Writes the topic's value, so that a flush only has to join what is written."""
        value = self.topic.value
        self.payload = None if value is None else self.write(value, None)


def payloads(views: Sequence[View]) -> list[bytes]:
    """What the views have written, without those whose value is gone."""
    return [view.payload for view in views if view.payload is not None]

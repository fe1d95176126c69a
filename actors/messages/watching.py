"""Watching: who looks at what, and how it is reported to them."""

from actors.messages.message import Message
from engine.runtime import ActorRef


class Watch(Message, frozen=True, gc=False):
    """Somebody looks at this instrument (or no longer does): report it more often, with all timeframes."""

    watched: bool


class WatchList(Message, frozen=True, gc=False):
    """All instruments that the clients of one web process look at now."""

    process: str
    instruments: tuple[str, ...]


class PricesWanted(Message, frozen=True, gc=False):
    """Somebody asks for last prices that no tick has told lately."""

    instruments: tuple[str, ...]


class Report(Message, frozen=True, gc=False):
    """Tell the writer now, whatever the interval: sent to oneself, and to all when the engine drains."""


class Follow(Message, frozen=True, gc=False):
    """Pass on every believed tick of these instruments, and of no others any more, to the listener.

    Whoever follows repeats it now and then: a broadcaster that was replaced knows nobody.
    """

    listener: ActorRef
    instruments: frozenset[str]


class FollowedWanted(Message, frozen=True, gc=False):
    """Answers the instruments that somebody looks at or follows; who is below the path ``besides`` counts as nobody."""

    besides: str


class FollowAnew(Message, frozen=True, gc=False):
    """Look up whom to follow, and say so again."""


class TakeNewest(Message, frozen=True, gc=False):
    """Hand over the newest tick of every instrument that has had one."""


class ForgetStale(Message, frozen=True, gc=False):
    """Drop what nobody has repeated."""

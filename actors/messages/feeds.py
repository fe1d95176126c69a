"""Feeds: what they are to carry, what they have heard, and how they are."""

from actors.messages.message import Message
from engine.market.diagnosis import Cause
from engine.providers.base import DecoderStatistics, Route


class FeedStarted(Message, frozen=True, gc=False):
    """A feed begins, for the first time or after a crash, and knows none of its instruments yet."""

    provider: str


class MappingsChanged(Message, frozen=True, gc=False):
    """Instruments or their mappings in the tables are others than before."""


class TakeUp(Message, frozen=True, gc=False):
    """They have been so for a moment: carry what is there now."""


class Wanted(Message, frozen=True, gc=False):
    """The complete set of instruments a feed has to carry."""

    routes: tuple[Route, ...]


class FeedSeen(Message, frozen=True, gc=False):
    """A connection of a feed carried data until ``at_ns``."""

    provider: str
    connection: int
    at_ns: int


class FeedResumed(Message, frozen=True, gc=False):
    """A connection carries data that can be believed, again or for the first time; what came before may be wrong.

    ``since_ns`` tells since when; 0: since it was last seen.
    """

    provider: str
    connection: int
    instruments: tuple[str, ...]
    at_ns: int
    since_ns: int = 0


class FeedStatus(Message, frozen=True, gc=False):
    """How a feed is: ``live``, ``stale``, ``closed``, ``connecting`` or ``failed``, since when (ns) and why."""

    provider: str
    connection: int
    status: str
    since_ns: int
    why: str = ""
    cause: Cause = Cause.DISCONNECTED
    """What is behind it."""


class FeedCounts(Message, frozen=True, gc=False):
    """What a connection has brought so far, and what of it nobody could use."""

    provider: str
    connection: int
    statistics: DecoderStatistics


class Resubscribe(Message, frozen=True, gc=False):
    """Subscribe these instruments of a connection once more: the others on it are heard, they are not."""

    connection: int
    instruments: tuple[str, ...]


class CredentialReplaced(Message, frozen=True, gc=False):
    """The keyring of a provider holds another credential than before: go on with that one."""

    provider: str

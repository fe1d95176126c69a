"""The process itself: what it counts, shows and is told to do."""

from typing import Any

from actors.messages.message import Message


class Count(Message, frozen=True, gc=False):
    """What have you counted? The answer is a mapping of names to numbers."""


class Publish(Message, frozen=True, gc=False):
    """Show how the process is."""


class Beat(Message, frozen=True, gc=False):
    """Say that the engine lives."""


class Renew(Message, frozen=True, gc=False):
    """Hold on to the lease."""


class Flush(Message, frozen=True, gc=False):
    """Write what has gathered."""


class Audit(Message, frozen=True, gc=False):
    """Count how complete the last days are."""


class Alert(Message, frozen=True, gc=False):
    """Something an operator should know, about one instrument or, where none is named, about several."""

    instrument: str
    words: str
    at_ns: int


class Command(Message, frozen=True, gc=False):
    """An operator's or web process's wish, as it came through the hot store."""

    id: str
    command: str
    arguments: dict[str, Any]

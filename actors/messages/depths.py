"""Depths: whose books are to be brought."""

from actors.messages.message import Message
from engine.providers.base import Route


class DepthsFollowed(Message, frozen=True, gc=False):
    """All instruments whose books the clients of one web process follow now."""

    instruments: tuple[str, ...]


class DepthWanted(Message, frozen=True, gc=False):
    """Somebody asks for the book of an instrument."""

    instrument: str


class LookAtDepths(Message, frozen=True, gc=False):
    """See whose books are still to be brought."""


class CarryDepths(Message, frozen=True, gc=False):
    """To a provider's lines: bring the books of these and of no others. They answer why they do not bring some."""

    routes: tuple[Route, ...]


class RepeatDepths(Message, frozen=True, gc=False):
    """To oneself: tell the books once more that have not changed since."""

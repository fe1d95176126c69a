"""The message: what all that actors say to each other has in common."""

import msgspec


class Message(msgspec.Struct, frozen=True, gc=False):
    """The base of all messages: immutable, so that sender and receiver never share state."""

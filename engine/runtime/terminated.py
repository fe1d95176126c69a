"""Death watch's message."""

import msgspec


class Terminated(msgspec.Struct, frozen=True):
    """The actor that was watched has ended; an actor that does not handle this crashes by it."""

    path: str
    reason: str
    """``stopped``, ``ended``, ``nobody there`` or the error that ended it."""

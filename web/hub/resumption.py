"""A client's wish to go on where it was."""

from collections.abc import Callable
from dataclasses import dataclass

from web.hub.outbox import Outbox
from web.protocol import Channel, Position, Subscribed


@dataclass(slots=True, eq=False)
class Resumption:
    """Channels that carry streams, each with its instrument, to be followed from ``since`` on.

    ``answer`` is what the client will be told, but for the outcome; ``done`` is called when it has been told.
    """

    outbox: Outbox
    channels: tuple[tuple[Channel, str], ...]
    since: Position
    answer: Subscribed
    done: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True
